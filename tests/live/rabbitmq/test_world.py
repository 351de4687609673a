"""The world of the contract suite holds what it says, whatever the queue is called."""

from __future__ import annotations

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.world import RealWorld
from tools.brokers.rabbitmq import BROKER
from tools.reading import EvidenceBook
from tools.targets import parse_target

pytestmark = pytest.mark.live


async def test_a_reading_agrees_with_the_queues_themselves(server: RabbitServer) -> None:
    async with RealWorld(server) as world:
        for count, name in enumerate(world.hostile[:8], 1):
            await world.put(name, count)
        session = await BROKER.open(parse_target("main", world.url, {}, world.options))
        reading = await BROKER.read(session, EvidenceBook())
        await session.close()
        for count, name in enumerate(world.hostile[:8], 1):
            record = next(record for record in reading.queues if record.name == name)
            assert await world.counts(name) == {"ready": record.ready, "consumers": record.consumers}
            assert record.ready == count
    assert amqp.counts_of(server, "100%")["ready"] == 3
