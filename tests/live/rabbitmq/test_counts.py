"""Numbers are those that RabbitMQ's own command reports, for every kind of queue."""

from __future__ import annotations

import json
import time

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read
from tools.brokers.rabbitmq import BROKER
from tools.contract import QueueRecord
from tools.reading import address

pytestmark = pytest.mark.live


@pytest.mark.parametrize("kind", ["classic", "quorum"])
async def test_waiting_unacknowledged_and_consumers(server: RabbitServer, vhost: str, opened: Open, kind: str) -> None:
    # Given 30 messages of which a consumer holds 5
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost, prefetch=5) as channel:
        queue = await amqp.declare(channel, "mail", {"x-queue-type": kind})
        await amqp.publish(channel, "mail", amqp.numbered(30))
        await queue.consume(amqp.hold)

        # When
        async def counted() -> QueueRecord | None:
            (record,) = (await read(session)).queues
            return record if (record.ready, record.consumers) == (25, 1) else None

        record: QueueRecord = await amqp.until(counted)
        # Then
        assert amqp.counts_of(server, "mail", vhost) == {"ready": 25, "in_flight": 5, "consumers": 1}
        assert (record.kind, record.in_flight, record.namespace) == (kind, 5, vhost)
        assert record.details["prefetch"] == {"consumers": 1, "sum": 5, "unlimited": 0, "without_ack": 0}
        # And the same once a second
        assert await BROKER.depths(session, await read(session), [record]) == {address(record): 25}
        # And who holds them
        reading = await read(session)
        assert [(c["prefetch"], c["ack"]) for c in reading.facts["consumers"][address(record)]] == [(5, True)]
        assert [(c["unacked"], c["prefetch"]) for c in reading.facts["channels"]] == [(5, 5)]
        assert [c["state"] for c in reading.facts["connections"]] == ["running"]


async def test_what_a_stream_holds_does_not_wait(server: RabbitServer, vhost: str, opened: Open) -> None:
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "events", {"x-queue-type": "stream"})
        await amqp.publish(channel, "events", amqp.numbered(12))

    async def counted() -> QueueRecord | None:
        (record,) = (await read(session)).queues
        return record if record.details.get("retained") == 12 else None

    record = await amqp.until(counted)
    assert (record.kind, record.ready) == ("stream", None)


async def test_counters_rise_with_what_is_published_and_acknowledged(
    server: RabbitServer, vhost: str, opened: Open
) -> None:
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost) as channel:
        queue = await amqp.declare(channel, "mail")
        # nothing happened yet: the server lists no such counter, which is 0
        await amqp.until(lambda: _counters(session, 0, 0))
        await amqp.publish(channel, "mail", amqp.numbered(9))
        for _ in range(4):
            message = await queue.get()
            await message.ack()
        for _ in range(2):
            await queue.get(no_ack=True)
        before = await amqp.until(lambda: _counters(session, 9, 6))
        await amqp.publish(channel, "mail", amqp.numbered(1))
        after = await amqp.until(lambda: _counters(session, 10, 6))
    assert before.epoch == after.epoch != ""


async def test_priorities_and_the_age_of_the_first_message(server: RabbitServer, vhost: str, opened: Open) -> None:
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail", {"x-max-priority": 2})
        await amqp.publish(channel, "mail", amqp.numbered(3), timestamp=time.time() - 600)
        await amqp.publish(channel, "mail", amqp.numbered(2), priority=2, timestamp=time.time() - 600)

    async def counted() -> QueueRecord | None:
        (record,) = (await read(session)).queues
        return record if record.ready == 5 and sum((record.priorities or {}).values()) == 5 else None

    record = await amqp.until(counted)
    assert record.priorities == {"0": 3, "1": 0, "2": 2}
    assert record.oldest_age_s == pytest.approx(600, abs=30)


async def test_ten_megabytes_in_one_message_are_a_number(server: RabbitServer, vhost: str, opened: Open) -> None:
    session = await opened(vhost, peek=True)
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "big")
        await amqp.publish(channel, "big", [json.dumps({"x": "y" * 10_000_000}).encode()])

    async def counted() -> QueueRecord | None:
        (record,) = (await read(session)).queues
        return record if record.ready == 1 else None

    record = await amqp.until(counted)
    assert record.details["bytes"] > 10_000_000
    from tools.reading import Peek

    (message,) = await BROKER.peek(session, await read(session), Peek("big", "ready", 5))
    assert message.size_bytes is not None
    assert message.size_bytes > 10_000_000
    assert len(message.summary) < 800


async def _counters(session: object, arrived: int, completed: int) -> object:
    counters = (await read(session)).counters  # type: ignore[arg-type]
    found = next(iter(counters.values()), None)
    return found if found and (found.arrived, found.completed) == (arrived, completed) else None
