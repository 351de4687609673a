"""A server that stands still, very many queues, and messages of 10 MB."""

from __future__ import annotations

import pytest

from evals.servers.redis import RedisServer
from tests.live.redis.conftest import Read
from tools.brokers.redis import BROKER, client
from tools.errors import CallTimeout
from tools.reading import Peek

pytestmark = pytest.mark.live


async def test_a_server_that_stands_still_is_a_time_out(
    plain: RedisServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = await read(plain.url)
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.5)
    plain.pause()
    try:
        with pytest.raises(CallTimeout):
            await BROKER.ping(session)
    finally:
        plain.resume()
    await BROKER.ping(session)


async def test_a_hundred_thousand_queues_are_counted(plain: RedisServer, read: Read) -> None:
    with plain.client(socket_timeout=60) as writer:
        writer.flushall()
        for start in range(0, 100_000, 10_000):
            pipeline = writer.pipeline(transaction=False)
            for n in range(start, start + 10_000):
                pipeline.rpush(f"q{n}", "x")
            pipeline.execute()
        writer.rpush("q7", *range(200))
        _, reading = await read(plain.url)
        assert len(reading.facts["list_lengths"]) == writer.dbsize() == 100_000
        writer.flushall()
    assert [(record.name, record.ready) for record in reading.queues] == [("q7", 201)]
    assert reading.coverage.complete


async def test_large_messages_are_shown_short(plain: RedisServer, read: Read) -> None:
    with plain.client(socket_timeout=60) as writer:
        writer.flushall()
        writer.rpush("jobs", *range(101), "x" * 10_000_000)
        writer.xgroup_create("orders", "g", id="0", mkstream=True)
        writer.xadd("orders", {"data": b"\x00" * 10_000_000})
        session, reading = await read(plain.url)
        found = [await BROKER.peek(session, reading, Peek(queue, "ready", 5)) for queue in ("jobs", "orders")]
        writer.flushall()
    assert [messages[0].size_bytes for messages in found] == [10_000_000, 10_000_004]
    assert all(len(message.summary) < 1_000 for messages in found for message in messages)
