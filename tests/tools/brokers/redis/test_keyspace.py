"""What lies on the server is found by type, within a budget, and what was not looked at is said."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tools.brokers.redis import keyspace
from tools.brokers.redis.broker import RedisBroker
from tools.reading import EvidenceBook

from .conftest import Reader


def one_of_each(client: redis.Redis, prefix: str = "") -> None:
    client.rpush(f"{prefix}list", 1)
    client.sadd(f"{prefix}set", 1)
    client.zadd(f"{prefix}zset", {"a": 1})
    client.hset(f"{prefix}hash", "a", "1")
    client.xadd(f"{prefix}stream", {"a": 1})
    client.set(f"{prefix}text", "x")


async def test_names_are_found_by_type(valkey: redis.Redis, url: str, read: Reader) -> None:
    one_of_each(valkey)
    found = await read(url)
    facts = found.reading.facts
    assert [facts[kind] for kind in ("lists", "sets", "zsets", "hashes", "streams")] == [
        ["list"], ["set"], ["zset"], ["hash"], ["stream"],
    ]  # fmt: skip
    assert (facts["partial"], found.reading.coverage.complete) == ([], True)


@pytest.mark.parametrize("prefix", ["app:", "a[b]*?\\^-", "прил "])
async def test_with_a_prefix_only_keys_under_it_are_found(
    valkey: redis.Redis, url: str, read: Reader, prefix: str
) -> None:
    one_of_each(valkey, prefix)
    one_of_each(valkey, "other:")
    one_of_each(valkey, "ab")
    facts = (await read(url, prefix=prefix)).reading.facts
    assert (facts["lists"], facts["streams"]) == ([f"{prefix}list"], [f"{prefix}stream"])


async def test_sorted_sets_are_named_when_they_are_large_and_their_depth_is_unknown(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    valkey.zadd("board", {str(n): n for n in range(101)})
    valkey.zadd("small", {str(n): n for n in range(100)})
    valkey.zadd("unacked_index", {str(n): n for n in range(500)})
    found = await read(url)
    assert [(q.name, q.kind, q.ready, q.details) for q in found.reading.queues] == [
        ("board", "zset", None, {"members": 101})
    ]
    assert ("board", "ready", "redis_zset") in found.gaps


async def test_many_hashes_are_given_up_and_hide_no_queue(
    valkey: redis.Redis, url: str, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyspace, "SCAN_COUNT", 100)
    monkeypatch.setattr(keyspace, "MOST_HASHES", 50)
    pipeline = valkey.pipeline()
    for n in range(1_000):
        pipeline.hset(f"job {n}", "a", "1")
    pipeline.rpush("jobs", *range(101))
    pipeline.execute()
    found = await read(url)
    assert found.reading.facts["partial"] == ["hash"]
    assert 50 < len(found.reading.facts["hashes"]) < 1_000
    assert found.reading.coverage.complete
    assert "jobs" in found.queues


async def test_a_scan_that_runs_out_of_time_goes_on_in_the_next_call(
    valkey: redis.Redis, url: str, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given no time beyond the first step
    monkeypatch.setattr(keyspace, "SCAN_COUNT", 100)
    monkeypatch.setattr(keyspace, "SCAN_SECONDS", 0.0)
    valkey.mset({f"text {n}": n for n in range(450)})
    valkey.rpush("jobs", *range(101))
    found = await read(url)
    assert not found.reading.coverage.complete
    assert [notice.key for notice in found.reading.notices] == ["scan_incomplete"]
    assert (found.reading.coverage.scanned or 0) < 451
    # When it is read again and again
    for _ in range(20):
        reading = await RedisBroker().read(found.session, EvidenceBook())
        if reading.coverage.complete:
            break
    # Then it comes to its end, with what was found on the way
    assert reading.coverage.complete
    assert reading.facts["lists"] == ["jobs"]


async def test_types_that_matter_most_go_first_on_a_slow_server(
    valkey: redis.Redis, url: str, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[list[str]] = []
    original = keyspace._NodeScan._step

    async def noted(self: Any, session: Any, kinds: Any) -> None:
        steps.append(list(kinds))
        await original(self, session, kinds)

    class Clock:
        """A second passes whenever somebody looks."""

        now = 0.0

        @classmethod
        def monotonic(cls) -> float:
            cls.now += 1
            return cls.now

    monkeypatch.setattr(keyspace._NodeScan, "_step", noted)
    monkeypatch.setattr(keyspace, "SCAN_COUNT", 10)
    valkey.mset({f"text {n}": n for n in range(1_000)})
    monkeypatch.setattr(keyspace, "time", Clock)
    # Given 100 steps that need a second each, and fewer seconds
    monkeypatch.setattr(keyspace, "SCAN_SECONDS", 50.0)
    await read(url)
    assert steps[:2] == [list(keyspace.TYPES), ["list", "set"]]
    # When there is time enough
    steps.clear()
    monkeypatch.setattr(keyspace, "SCAN_SECONDS", 1_000.0)
    await read(url)
    # Then all go along together
    assert steps[:2] == [list(keyspace.TYPES)] * 2


async def test_registers_of_frameworks_are_read_where_scan_is_refused(read: Reader) -> None:
    document = {
        "deny": ["SCAN"],
        "keys": {
            "rq:queues": {"type": "set", "value": ["rq:queue:mail"]},
            "rq:queue:mail": {"type": "list", "value": ["x"] * 150},
            "queues": {"type": "set", "value": ["low"]},
            "queue:low": {"type": "list", "value": ["x"] * 120},
            "arq:queue": {"type": "zset", "value": {"a": 1}},
        },
    }
    found = await read(document)
    assert found.reading.facts["lists"] == ["queue:low", "rq:queue:mail"]
    assert found.reading.facts["zsets"] == ["arq:queue"]
    assert found.queues["rq:queue:mail"].ready == 150
    assert not found.reading.coverage.complete
    assert (None, "queues", "scan_refused") in found.gaps


async def test_what_a_list_does_not_tell_is_said_of_that_list_alone(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    valkey.rpush("jobs", *range(101))
    found = await read(url)
    assert {gap for gap in found.gaps if gap[2] == "redis_list"} >= {
        ("jobs", "in_flight", "redis_list"), ("jobs", "oldest_age_s", "redis_list"),
    }  # fmt: skip


async def test_of_many_lists_it_is_said_once(valkey: redis.Redis, url: str, read: Reader) -> None:
    for n in range(21):
        valkey.rpush(f"jobs {n}", *range(101))
    found = await read(url)
    assert {gap[0] for gap in found.gaps if gap[2] == "redis_list"} == {None}
