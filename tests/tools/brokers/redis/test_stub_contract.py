"""The stub and a real server hold the same data and give the same replies: one suite, run against both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis

from tools.brokers.redis import BROKER
from tools.brokers.redis.server import parse_clients, parse_info
from tools.brokers.redis.session import RedisSession, failed
from tools.brokers.redis.stub import StubTransport, stub_session
from tools.targets import parse_target

STUB = parse_target("main", "redis+stub:///world.yaml", {})
DATA: dict[str, Any] = {
    "keys": {
        "text": {"type": "string", "value": "x" * 300, "ttl_s": 600},
        "jobs": {"type": "list", "value": ["newest", "middle", "oldest"]},
        "members": {"type": "set", "value": ["a", "b"]},
        "fields": {"type": "hash", "value": {f"f{n}": f"v{n}" for n in range(600)}},
        "scores": {"type": "zset", "value": {"late": 3.5, "early": 1, "twin": 1}},
        "прочее \x06\x16[3]": {"type": "list", "value": ["ж"]},
    },
    "celery": {"queues": {"mail": {"ready": 3, "priorities": {3: 2}, "messages": ["next"]}}},
}


@pytest.fixture(params=["stub", "valkey"])
async def session(request: pytest.FixtureRequest) -> AsyncIterator[RedisSession]:
    stub = stub_session(STUB, DATA)
    if request.param == "stub":
        yield stub
        return
    client: redis.Redis = request.getfixturevalue("valkey")
    assert isinstance(stub._transport, StubTransport)
    _load(client, stub._transport)
    opened = await BROKER.open(parse_target("main", request.getfixturevalue("url"), {}))
    yield opened
    await opened.close()


def _load(client: redis.Redis, transport: StubTransport) -> None:
    for name, kind, value, left in transport.space.items():
        if kind == "list":
            client.rpush(name, *value)
        elif kind == "set":
            client.sadd(name, *value)
        elif kind == "hash":
            client.hset(name, mapping=value)
        elif kind == "zset":
            client.zadd(name, value)
        else:
            client.set(name, value)
        if left is not None:
            client.pexpire(name, round(left * 1_000))


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (("PING",), b"PONG"),
        (("DBSIZE",), 9),
        (("TYPE", "jobs"), b"list"),
        (("TYPE", "none"), b"none"),
        (("EXISTS", "jobs", "none", "text"), 2),
        (("GET", "none"), None),
        (("STRLEN", "text"), 300),
        (("PTTL", "jobs"), -1),
        (("PTTL", "none"), -2),
        (("TTL", "text"), 600),
        (("MEMORY", "USAGE", "none"), None),
        (("LLEN", "jobs"), 3),
        (("LLEN", "none"), 0),
        (("LRANGE", "jobs", 0, -1), [b"newest", b"middle", b"oldest"]),
        (("LRANGE", "jobs", -2, -1), [b"middle", b"oldest"]),
        (("LRANGE", "jobs", 1, 100), [b"middle", b"oldest"]),
        (("LRANGE", "jobs", 5, 9), []),
        (("LRANGE", "none", 0, -1), []),
        (("LINDEX", "jobs", -1), b"oldest"),
        (("LINDEX", "jobs", 0), b"newest"),
        (("LINDEX", "jobs", 3), None),
        (("LINDEX", "jobs", -4), None),
        (("LINDEX", "mail", -1), b"next"),
        (("LLEN", "mail"), 4),
        (("LLEN", "mail\x06\x163"), 2),
        (("LLEN", "прочее \x06\x16[3]"), 1),
        (("SCARD", "members"), 2),
        (("SCARD", "none"), 0),
        (("HLEN", "fields"), 600),
        (("HGET", "fields", "f7"), b"v7"),
        (("HGET", "fields", "none"), None),
        (("HSTRLEN", "fields", "f10"), 3),
        (("HSTRLEN", "fields", "none"), 0),
        (("ZCARD", "scores"), 3),
        (("ZRANGE", "scores", 0, 0, "WITHSCORES"), [b"early", b"1"]),
        (("ZRANGE", "scores", 0, -1), [b"early", b"twin", b"late"]),
        (("ZRANGE", "scores", -1, -1, "WITHSCORES"), [b"late", b"3.5"]),
        (("ZRANGE", "none", 0, -1), []),
        (("ZCOUNT", "scores", "-inf", 2), 2),
    ],
)
async def test_replies_are_equal(session: RedisSession, command: tuple[Any, ...], reply: object) -> None:
    assert await session.run(command) == [reply]


@pytest.mark.parametrize(
    "command",
    [("LLEN", "text"), ("LINDEX", "members", 0), ("SMEMBERS", "jobs"), ("HLEN", "jobs"), ("HSCAN", "jobs", 0),
     ("ZRANGE", "fields", 0, 0), ("GET", "jobs"), ("HSTRLEN", "text", "f")],
)  # fmt: skip
async def test_a_wrong_type_is_the_error_of_that_command_alone(session: RedisSession, command: Any) -> None:
    wrong, right = await session.run(command, ("LLEN", "jobs"))
    assert failed(wrong)
    assert wrong.code == "WRONGTYPE"
    assert str(wrong) == "WRONGTYPE Operation against a key holding the wrong kind of value"
    assert right == 3


async def test_sets_hold_the_same_members(session: RedisSession) -> None:
    members, binding = await session.run(("SMEMBERS", "members"), ("SMEMBERS", "_kombu.binding.mail"))
    assert set(members) == {b"a", b"b"}
    assert set(binding) == {b"mail\x06\x16\x06\x16mail"}


async def test_a_scan_by_type_and_pattern_finds_each_key(session: RedisSession) -> None:
    async def scan(*options: str) -> set[bytes]:
        found: set[bytes] = set()
        cursor: Any = 0
        while True:
            ((cursor, names),) = await session.run(("SCAN", cursor, "COUNT", 3, *options))
            found |= set(names)
            if int(cursor) == 0:
                return found

    lists = {b"jobs", b"mail", b"mail\x06\x163", "прочее \x06\x16[3]".encode()}
    assert await scan("TYPE", "list") == lists
    assert await scan("MATCH", "ma*") == {b"mail", b"mail\x06\x163"}
    assert await scan("MATCH", "m*", "TYPE", "set") == {b"members"}
    assert len(await scan()) == 9


async def test_a_hash_is_paged_to_its_end(session: RedisSession) -> None:
    found: dict[bytes, bytes] = {}
    cursor, pages = 0, 0
    while pages == 0 or cursor:
        ((raw, page),) = await session.run(("HSCAN", "fields", cursor, "COUNT", 100))
        found |= dict(zip(page[::2], page[1::2], strict=True))
        cursor, pages = int(raw), pages + 1
    assert len(found) == 600
    assert found[b"f599"] == b"v599"
    assert pages > 1


async def test_any_key_is_one_that_exists_and_uses_memory(session: RedisSession) -> None:
    for name in set(await session.run(*[("RANDOMKEY",)] * 50)):
        (size,) = await session.run(("MEMORY", "USAGE", name))
        assert size > 0


async def test_time_to_live_is_in_milliseconds(session: RedisSession) -> None:
    (left,) = await session.run(("PTTL", "text"))
    assert 590_000 < left <= 600_000


async def test_info_and_clients_are_texts_of_the_same_form(session: RedisSession) -> None:
    info, clients = await session.run(("INFO",), ("CLIENT", "LIST"))
    fields = parse_info(info.decode())
    assert {"redis_version", "used_memory", "maxmemory", "maxmemory_policy", "role", "evicted_keys"} <= fields.keys()
    rows = parse_clients(clients.decode())
    assert [row for row in rows if row["name"] == "queuewright" and row["db"] == "0"]
    assert all({"id", "db", "psub", "cmd", "flags", "name"} <= row.keys() for row in rows)


async def test_an_unknown_command_never_leaves_the_session(session: RedisSession) -> None:
    with pytest.raises(ValueError, match="not a reading command"):
        await session.run(("DEL", "jobs"))
