"""A server that collects no statistics still gives depths; the rest is unknown, not empty."""

from __future__ import annotations

import pytest

from evals.servers import ServerMissing
from evals.servers.rabbitmq import RabbitServer, scripts
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import missing, read, target_of
from tools.brokers.rabbitmq import BROKER
from tools.reading import BrokerReading

pytestmark = pytest.mark.live


async def test_depths_come_from_the_totals_and_nobody_is_taken_for_absent() -> None:
    try:
        scripts()
    except ServerMissing as error:
        missing(error)
    with RabbitServer(config={"management_agent.disable_metrics_collector": "true"}) as server:
        amqp.put(server, "mail", 7)
        session = await BROKER.open(target_of(server))

        async def counted() -> BrokerReading | None:
            reading = await read(session)
            return reading if [record.ready for record in reading.queues] == [7] else None

        reading: BrokerReading = await amqp.until(counted)
        assert (reading.queues[0].consumers, reading.facts["connections"], reading.memory.used_bytes) == (None,) * 3
        assert (reading.facts["alarms"], reading.health, reading.counters) == ([], "ok", {})
        assert await BROKER.depths(session, reading, reading.queues) == {"//mail": 7}
        await session.close()
