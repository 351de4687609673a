"""An alarm of a real node is seen with the connections that it blocks, and it is gone when it is over."""

from __future__ import annotations

import asyncio

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read
from tools.reading import BrokerReading

pytestmark = pytest.mark.live


async def test_a_memory_alarm_degrades_and_blocks_publishers(server: RabbitServer, vhost: str, opened: Open) -> None:
    session = await opened(vhost)
    calm = await read(session)
    assert (calm.health, calm.facts["alarms"]) == ("ok", [])
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail")
        await amqp.publish(channel, "mail", amqp.numbered(1))
        try:
            server.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
            # a publisher is blocked when it publishes again; the confirm never comes
            sending = asyncio.ensure_future(amqp.publish(channel, "mail", amqp.numbered(1)))

            async def alarmed() -> BrokerReading | None:
                reading = await read(session)
                blocked = (reading.facts["connection_states"] or {}).keys() & {"blocked", "blocking"}
                return reading if reading.facts["alarms"] and blocked else None

            reading = await amqp.until(alarmed)
        finally:
            server.ctl("set_vm_memory_high_watermark", "0.9")
        await sending
    assert reading.health == "degraded"
    assert [alarm["resource"] for alarm in reading.facts["alarms"]] == ["memory"]
    assert reading.memory.used_bytes is not None
    assert reading.memory.max_bytes is not None
    assert reading.memory.used_bytes > reading.memory.max_bytes

    async def over() -> bool:
        return (await read(session)).health == "ok"

    await amqp.until(over)
