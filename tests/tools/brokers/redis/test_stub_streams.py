"""Streams of the stub and of a real server: the same replies to the same commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from tools.brokers.redis import BROKER
from tools.brokers.redis.session import RedisSession, failed, text
from tools.brokers.redis.streams import pairs
from tools.brokers.redis.stub import StubTransport, stub_session
from tools.brokers.redis.stub_streams import Stream
from tools.targets import parse_target

from .conftest import STUB

DATA: dict[str, Any] = {
    "streams": {
        "orders": {
            "length": 20,
            "entries": [{"data": "next to last", "k": "v"}, {"data": "last"}],
            "groups": {
                "billing": {"lag": 7, "consumers": {"c1": {"pending": 2}, "c2": {"pending": 1}, "idle": {}}},
                "new": {"lag": 22},
                "done": {"lag": 0},
            },
        },
    },
    "keys": {"text": {"type": "string", "value": "x"}},
}


@pytest.fixture(params=["stub", "valkey"])
async def session(request: pytest.FixtureRequest) -> AsyncIterator[RedisSession]:
    stub = stub_session(STUB, DATA)
    if request.param == "stub":
        yield stub
        return
    assert isinstance(stub._transport, StubTransport)
    entry = stub._transport.space.get(b"orders")
    assert entry is not None
    client: redis.Redis = request.getfixturevalue("valkey")
    client.set("text", "x")
    _load(client, entry.value)
    opened = await BROKER.open(parse_target("main", request.getfixturevalue("url"), {}))
    yield opened
    await opened.close()


def _load(client: redis.Redis, stream: Stream) -> None:
    for number in range(1, len(stream) + 1):
        identity, fields = stream.entry(number)
        client.xadd("orders", dict(zip(fields[::2], fields[1::2], strict=True)), id=identity)
    for name, group in stream.given.groups.items():
        client.xgroup_create("orders", name, id="0")
        held = sum(consumer.pending for consumer in group.consumers.values())
        if done := stream.delivered(group) - held:
            read: Any = client.xreadgroup(name, "before", {"orders": ">"}, count=done)
            client.xack("orders", name, *(identity for identity, _ in read[0][1]))
            client.xgroup_delconsumer("orders", name, "before")
        for consumer, given in group.consumers.items():
            client.xgroup_createconsumer("orders", name, consumer)
            if given.pending:
                client.xreadgroup(name, consumer, {"orders": ">"}, count=given.pending)


async def ids(session: RedisSession, *command: Any) -> list[int]:
    """Numbers of the entries in a reply, by the sequence in their ids."""
    (reply,) = await session.run(command)
    return [int(text(entry[0]).partition("-")[2]) for entry in reply]


async def test_lengths_and_ranges_are_equal(session: RedisSession) -> None:
    assert await session.run(("XLEN", "orders"), ("XLEN", "none")) == [22, 0]
    assert await ids(session, "XRANGE", "orders", "-", "+", "COUNT", 3) == [1, 2, 3]
    assert await ids(session, "XREVRANGE", "orders", "+", "-", "COUNT", 2) == [22, 21]
    ((first,),) = await session.run(("XRANGE", "orders", "-", "+", "COUNT", 1))
    assert await ids(session, "XRANGE", "orders", f"({text(first[0])}", "+", "COUNT", 1) == [2]
    assert await ids(session, "XRANGE", "orders", first[0], first[0]) == [1]
    assert await ids(session, "XREVRANGE", "orders", first[0], "-") == [1]
    assert await ids(session, "XRANGE", "none", "-", "+") == []
    ((last,),) = await session.run(("XREVRANGE", "orders", "+", "-", "COUNT", 1))
    assert last[1] == [b"data", b"last"]


async def test_groups_are_equal(session: RedisSession) -> None:
    (reply,) = await session.run(("XINFO", "GROUPS", "orders"))
    rows = [pairs(row) for row in reply]
    told = {r["name"]: (r["consumers"], r["pending"], r["lag"]) for r in rows}
    assert told == {b"billing": (3, 3, 7), b"new": (0, 0, 22), b"done": (0, 0, 0)}
    # "new" was never read, of which a server says nothing rather than 0
    assert {r["name"]: r["entries-read"] or 0 for r in rows} == {b"billing": 15, b"new": 0, b"done": 22}
    delivered = {r["name"]: text(r["last-delivered-id"]).partition("-")[2] for r in rows}
    assert delivered == {b"billing": "15", b"new": "0", b"done": "22"}


async def test_consumers_and_what_they_hold_are_equal(session: RedisSession) -> None:
    consumers, summary, held = await session.run(
        ("XINFO", "CONSUMERS", "orders", "billing"),
        ("XPENDING", "orders", "billing"),
        ("XPENDING", "orders", "billing", "-", "+", 2),
    )
    assert sorted((row["name"], row["pending"]) for row in map(pairs, consumers)) == [
        (b"c1", 2), (b"c2", 1), (b"idle", 0),
    ]  # fmt: skip
    assert summary[0] == 3
    assert summary[3] == [[b"c1", b"2"], [b"c2", b"1"]]
    assert [(text(i).partition("-")[2], who, times) for i, who, _, times in held] == [
        ("13", b"c1", 1),
        ("14", b"c1", 1),
    ]


async def test_the_stream_itself_is_equal(session: RedisSession) -> None:
    (reply,) = await session.run(("XINFO", "STREAM", "orders"))
    row = pairs(reply)
    assert (row["length"], row["groups"], row["entries-added"]) == (22, 3, 22)
    assert row["last-entry"][1] == [b"data", b"last"]
    assert row["last-generated-id"] == row["last-entry"][0]


@pytest.mark.parametrize(
    ("command", "code"),
    [(("XLEN", "text"), "WRONGTYPE"), (("XINFO", "GROUPS", "text"), "WRONGTYPE"),
     (("XPENDING", "orders", "nobody"), "NOGROUP"), (("XINFO", "CONSUMERS", "orders", "nobody"), "NOGROUP")],
)  # fmt: skip
async def test_errors_are_equal(session: RedisSession, command: Any, code: str) -> None:
    (reply,) = await session.run(command)
    assert failed(reply)
    assert reply.code == code


async def test_a_scan_by_type_finds_it(session: RedisSession) -> None:
    ((_, names),) = await session.run(("SCAN", 0, "COUNT", 100, "TYPE", "stream"))
    assert names == [b"orders"]


async def test_a_stream_grows_while_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.brokers.redis import stub_keys

    now = 1_000.0
    monkeypatch.setattr(stub_keys, "now", lambda: now)
    stream = {"length": 10, "growth_per_s": 2, "groups": {"g": {"lag": 4, "consumers": {"c": {"pending": 1}}}}}
    session = stub_session(STUB, {"streams": {"orders": stream}})
    now += 5
    ((group,),) = await session.run(("XINFO", "GROUPS", "orders"))
    told = pairs(group)
    assert (told["lag"], told["pending"], told["entries-read"]) == (14, 1, 6)
    newest = (await session.run(("XREVRANGE", "orders", "+", "-", "COUNT", 2)))[0]
    assert newest[0][0] != newest[1][0]
