"""Names that hold anything arrive as they are, can be measured, and lead to no other queue."""

from __future__ import annotations

import asyncio

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read
from tests.tools.brokers.rabbitmq.world import HOSTILE
from tools.brokers.rabbitmq import BROKER
from tools.errors import Unsupported
from tools.reading import Peek, address

pytestmark = pytest.mark.live


async def test_every_name_that_the_server_takes_is_read_measured_and_peeked(
    server: RabbitServer, vhost: str, opened: Open
) -> None:
    # Given queues of which each holds another number of messages
    session = await opened(vhost, peek=True)
    for count, name in enumerate(HOSTILE, 1):
        await asyncio.to_thread(amqp.put, server, name, count, vhost)
    expected = {name: count for count, name in enumerate(HOSTILE, 1)}

    async def counted() -> bool:
        return {record.name: record.ready for record in (await read(session)).queues} == expected

    await amqp.until(counted)
    reading = await read(session)
    # Then one by one, as in the list
    for record in reading.queues:
        assert await BROKER.depths(session, reading, [record]) == {address(record): record.ready}
        if record.name in {".", ".."}:
            with pytest.raises(Unsupported):
                await BROKER.peek(session, reading, Peek(record.name, "ready", 20))
        else:
            assert len(await BROKER.peek(session, reading, Peek(record.name, "ready", 20))) == record.ready
