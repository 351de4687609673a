"""Thousands of queues in one bounded pass, complete to the last one."""

from __future__ import annotations

import asyncio

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read

pytestmark = pytest.mark.live
COUNT = 1_200


async def test_pages_add_up_to_every_queue(server: RabbitServer, vhost: str, opened: Open) -> None:
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost) as channel:
        for start in range(0, COUNT, 200):
            names = (f"q{n:05d}" for n in range(start, start + 200))
            await asyncio.gather(*(amqp.declare(channel, name, durable=False) for name in names))
    reading = await read(session)
    assert {record.name for record in reading.queues} == {f"q{n:05d}" for n in range(COUNT)}
    assert (reading.coverage.keys, reading.coverage.scanned, reading.coverage.complete) == (COUNT, COUNT, True)
    assert len([gap for gap in reading.gaps if gap.field == "dead"]) == 1
