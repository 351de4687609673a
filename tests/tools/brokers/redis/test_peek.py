"""Looking at items of lists and entries of streams changes nothing, shows no secret, and opens no pickle."""

from __future__ import annotations

import gzip
import json
import pickle
from typing import Any

import pytest
import redis

from tools.brokers.redis import peek
from tools.errors import Unsupported

from .conftest import Reader


def filler(count: int = 101) -> list[str]:
    return [f"item {n}" for n in range(count)]


async def test_a_list_shows_both_ends_in_turn(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.rpush("jobs", *filler())
    found = await (await read(url)).peek("jobs", limit=4)
    assert [(m.id, m.summary) for m in found] == [
        ("-1", "item 100"), ("0", "item 0"), ("-2", "item 99"), ("1", "item 1"),
    ]  # fmt: skip


async def test_a_list_that_shrank_meanwhile_shows_each_item_once(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.rpush("jobs", *filler())
    session = await read(url)
    valkey.ltrim("jobs", 0, 2)
    assert sorted(m.summary for m in await session.peek("jobs", limit=20)) == ["item 0", "item 1", "item 2"]


async def test_a_stream_shows_what_the_group_gets_next(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    ids = [valkey.xadd("orders", {"data": json.dumps({"n": n})}) for n in range(6)]
    valkey.xreadgroup("billing", "c1", {"orders": ">"}, count=2)
    session = await read(url)
    ready, active = await session.peek("orders", limit=2), await session.peek("orders", "active")
    assert [m.id for m in ready] == [identity.decode() for identity in ids[2:4]]
    assert ready[0].enqueued_at is not None
    assert [m.id for m in active] == [identity.decode() for identity in ids[:2]]
    assert json.loads(active[0].summary)["consumer"] == "c1"


async def test_a_stream_without_a_group_shows_its_newest(valkey: redis.Redis, url: str, read: Reader) -> None:
    ids = [valkey.xadd("log", {"n": n}) for n in range(101)]
    found = await (await read(url)).peek("log", limit=2)
    assert [m.id for m in found] == [ids[100].decode(), ids[99].decode()]


async def test_a_held_entry_that_was_deleted_says_so(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    identity = valkey.xadd("orders", {"n": 1})
    valkey.xreadgroup("billing", "c1", {"orders": ">"})
    valkey.xdel("orders", identity)
    (message,) = await (await read(url)).peek("orders", "active")
    assert json.loads(message.summary)["body"] == "deleted"


async def test_looking_changes_nothing(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    for n in range(6):
        valkey.xadd("orders", {"n": n})
    valkey.xreadgroup("billing", "c1", {"orders": ">"}, count=2)
    valkey.rpush("jobs", *filler())

    def state() -> Any:
        pending = valkey.xpending_range("orders", "billing", "-", "+", 10)
        counts = [(row["message_id"], row["consumer"], row["times_delivered"]) for row in pending]
        groups = valkey.xinfo_groups("orders")
        return (
            counts,
            groups,
            valkey.lrange("jobs", 0, -1),
            [row["name"] for row in valkey.xinfo_consumers("orders", "billing")],
        )

    before = state()
    session = await read(url)
    for queue, kind in (("orders", "ready"), ("orders", "active"), ("jobs", "ready")):
        assert await session.peek(queue, kind)
    assert state() == before


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (pickle.dumps({"secret": "in here"}), '"format": "pickle"'),
        (gzip.compress(b'{"n": 7}', mtime=0), '"n": 7'),
        (b"\x00\xff\x00\xfe" * 8, '"body": "withheld"'),
        (b'{"password": "hunter2", "n": 7}', '"n": 7'),
        (b'{"n": 7, "cut', '"n": 7'),
        ("текст".encode(), "текст"),
    ],
)
async def test_bodies_of_any_kind_are_described(
    valkey: redis.Redis, url: str, read: Reader, body: bytes, shown: str
) -> None:
    valkey.rpush("jobs", *filler(), body)
    valkey.xgroup_create("orders", "g", id="0", mkstream=True)
    valkey.xadd("orders", {"data": body, "token": "abc-secret"})
    session = await read(url)
    (item,) = await session.peek("jobs", limit=1)
    (entry,) = await session.peek("orders", limit=1)
    assert shown in item.summary
    assert item.size_bytes == len(body)
    assert shown in entry.summary.replace('\\"', '"')
    assert not any(word in item.summary + entry.summary for word in ("hunter2", "in here", "abc-secret"))


async def test_large_messages_are_cut_and_no_more_are_fetched(
    valkey: redis.Redis, url: str, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peek, "MOST_BYTES", 5_000_000)
    valkey.rpush("jobs", *filler(), *["x " * 5_000_000] * 3)
    found = await (await read(url)).peek("jobs", limit=20)
    assert [m.size_bytes for m in found] == [10_000_000]
    assert len(found[0].summary) < 1_000


@pytest.mark.parametrize(("queue", "state"), [("board", "ready"), ("jobs", "active"), ("orders", "dead")])
async def test_what_redis_does_not_keep_is_refused(
    valkey: redis.Redis, url: str, read: Reader, queue: str, state: str
) -> None:
    valkey.zadd("board", {str(n): n for n in range(101)})
    valkey.rpush("jobs", *filler())
    valkey.xgroup_create("orders", "g", id="0", mkstream=True)
    session = await read(url)
    with pytest.raises(Unsupported):
        await session.peek(queue, state)
