"""Streams as queues: what groups still have to get, what they hold, and what cannot be known."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tools.brokers.redis import BROKER

from .conftest import Reader


def produced(client: redis.Redis, stream: str, count: int, **fields: str) -> list[Any]:
    return [client.xadd(stream, {"n": n, **fields}) for n in range(count)]


async def test_a_group_has_what_it_was_not_given_and_holds_what_it_did_not_acknowledge(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    # Given 20 entries, 5 delivered to one of two consumers, 2 of them acknowledged
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    ids = produced(valkey, "orders", 20)
    valkey.xgroup_createconsumer("orders", "billing", "c2")
    valkey.xreadgroup("billing", "c1", {"orders": ">"}, count=5)
    valkey.xack("orders", "billing", *ids[:2])
    # When
    found = await read(url)
    record = found.queues["orders"]
    # Then it is what the server's own client says
    (theirs,) = valkey.xinfo_groups("orders")
    assert (record.kind, record.ready, record.in_flight, record.consumers) == (
        "stream", theirs["lag"], theirs["pending"], theirs["consumers"],
    )  # fmt: skip
    assert (record.ready, record.in_flight) == (15, 3)
    (group,) = record.details["groups"]
    assert group["last_delivered_id"] == ids[4].decode()
    assert [(member["name"], member["pending"]) for member in group["members"]] == [("c1", 3), ("c2", 0)]
    assert [(entry["id"], entry["deliveries"]) for entry in group["oldest_pending"]] == [
        (identity.decode(), 1) for identity in ids[2:5]
    ]
    assert record.oldest_age_s is not None
    assert found.fact("queue.ready", "main/orders") == 15
    assert found.fact("queue.in_flight", "main/orders") == 3
    counters = found.reading.counters["orders"]
    assert (counters.arrived, counters.completed) == (20, 2)


async def test_the_largest_lag_of_several_groups_counts(valkey: redis.Redis, url: str, read: Reader) -> None:
    for group in ("fast", "slow"):
        valkey.xgroup_create("orders", group, id="0", mkstream=True)
    produced(valkey, "orders", 10)
    valkey.xreadgroup("fast", "c", {"orders": ">"}, count=9)
    valkey.xreadgroup("slow", "c", {"orders": ">"}, count=2)
    record = (await read(url)).queues["orders"]
    assert (record.ready, record.in_flight) == (8, 11)


async def test_an_empty_group_without_consumers_has_nobody_as_a_fact(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    found = await read(url)
    view = found.reading.consumers["orders"]
    assert (found.queues["orders"].ready, view.count, view.confidence) == (0, 0, "fact")


async def test_registered_consumers_may_be_dead(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    valkey.xgroup_createconsumer("orders", "billing", "c1")
    view = (await read(url)).reading.consumers["orders"]
    assert (view.count, view.confidence) == (1, "hypothesis")


async def test_a_stream_without_a_group_is_shown_when_it_is_long_and_its_depth_is_unknown(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    produced(valkey, "log", 101)
    produced(valkey, "short", 100)
    found = await read(url)
    assert set(found.queues) == {"log"}
    assert (found.queues["log"].ready, found.queues["log"].details["length"]) == (None, 101)
    assert ("log", "ready", "redis_stream_without_group") in found.gaps


async def test_a_lag_that_the_server_lost_is_counted(valkey: redis.Redis, url: str, read: Reader) -> None:
    # Given an entry deleted among those that are waiting: XINFO says nil then
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    ids = produced(valkey, "orders", 10)
    valkey.xreadgroup("billing", "c", {"orders": ">"}, count=2)
    valkey.xdel("orders", ids[5])
    assert valkey.xinfo_groups("orders")[0]["lag"] is None
    assert (await read(url)).queues["orders"].ready == 7


async def test_a_lag_that_nobody_can_count_is_unknown(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    ids = produced(valkey, "orders", 6, body="x" * 5_000)
    valkey.xreadgroup("billing", "c", {"orders": ">"}, count=2)
    valkey.xdel("orders", ids[4])
    found = await read(url)
    assert found.queues["orders"].ready is None
    assert ("orders", "ready", "redis_stream_lag") in found.gaps
    assert found.book.find("queue.ready", "main/orders") == []


@pytest.mark.parametrize(("lag", "expected"), [(0, 0), (40, 40), (100, 100)])
async def test_a_server_without_the_field_lets_it_be_worked_out(read: Reader, lag: int, expected: int) -> None:
    document = {
        "info": {"redis_version": "6.2.14", "valkey_version": ""},
        "streams": {"orders": {"length": 100, "groups": {"billing": {"lag": lag}}}},
    }
    assert (await read(document)).queues["orders"].ready == expected


async def test_a_server_without_the_field_and_too_many_entries_stays_unknown(read: Reader) -> None:
    document = {
        "info": {"redis_version": "6.2.14"},
        "streams": {"orders": {"length": 5_000, "groups": {"billing": {"lag": 2_000}}}},
    }
    found = await read(document)
    assert found.queues["orders"].ready is None
    assert ("orders", "ready", "redis_stream_lag") in found.gaps


async def test_ids_that_are_no_times_give_no_age(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    valkey.xadd("orders", {"n": 1}, id="7-1")
    found = await read(url)
    assert found.queues["orders"].oldest_age_s is None
    assert ("orders", "oldest_age_s", "redis_stream_age") in found.gaps


async def test_the_age_of_the_oldest_that_waits_is_read_from_its_id(read: Reader) -> None:
    document = {"streams": {"orders": {"length": 100, "age_s": 1_000, "groups": {"billing": {"lag": 50}}}}}
    record = (await read(document)).queues["orders"]
    assert record.oldest_age_s == pytest.approx(490, abs=15)


async def test_depths_follow_what_happens(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    valkey.rpush("jobs", *range(150))
    valkey.zadd("board", {str(n): n for n in range(150)})
    found = await read(url)
    produced(valkey, "orders", 4)
    valkey.rpop("jobs")
    depths = await BROKER.depths(found.session, found.reading, found.reading.queues)
    assert depths == {"orders": 4, "jobs": 149, "board": None}


async def test_a_stream_that_vanishes_meanwhile_is_unknown(valkey: redis.Redis, url: str, read: Reader) -> None:
    valkey.xgroup_create("orders", "billing", id="0", mkstream=True)
    found = await read(url)
    valkey.delete("orders")
    assert await BROKER.depths(found.session, found.reading, found.reading.queues) == {"orders": None}


@pytest.mark.parametrize("name", ["a/b c%20", "ключ", "x" * 255, "tab\tnew\nline", "quote'\"\\", "\x06\x16"])
async def test_any_name_is_read_and_can_be_pasted(valkey: redis.Redis, url: str, read: Reader, name: str) -> None:
    valkey.xgroup_create(name, "g", id="0", mkstream=True)
    produced(valkey, name, 3)
    found = await read(url)
    assert found.queues[name].ready == 3
    assert "\n" not in str(found.book.find("queue.ready", f"main/{name}")[0].paste)
