"""Users with few rights: what they may not do is named with the permission that it takes, never a 0."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from tools.brokers.redis import BROKER
from tools.errors import Forbidden

from .conftest import Reader

LEAST = ("+info", "+dbsize", "+scan", "+type")


@contextmanager
def user(client: redis.Redis, url: str, *commands: str, keys: str = "*") -> Iterator[str]:
    client.acl_setuser("app", enabled=True, reset=True, passwords=["+pw-of-app"], keys=[keys], commands=list(commands))
    try:
        yield url.replace("redis://", "redis://app:pw-of-app@")
    finally:
        client.acl_deluser("app")


def filled(client: redis.Redis) -> None:
    client.rpush("jobs", *range(150))
    client.xgroup_create("orders", "billing", id="0", mkstream=True)
    client.xadd("orders", {"n": 1})


async def test_lengths_that_are_refused_are_unknown(valkey: redis.Redis, url: str, read: Reader) -> None:
    filled(valkey)
    with user(valkey, url, *LEAST) as limited:
        found = await read(limited)
    assert found.queues == {}
    assert not found.reading.coverage.complete
    refused = [gap.text.facts for gap in found.reading.gaps if gap.text.key == "redis_keys_refused"]
    assert {facts["command"] for facts in refused} == {"LLEN", "XLEN"}
    assert all("NOPERM" in str(facts["detail"]) for facts in refused)


async def test_groups_that_are_refused_leave_the_stream_with_unknown_depth(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    filled(valkey)
    valkey.xtrim("orders", maxlen=0)
    for n in range(101):
        valkey.xadd("orders", {"n": n})
    with user(valkey, url, *LEAST, "+llen", "+xlen") as limited:
        found = await read(limited)
    assert found.queues["orders"].ready is None
    assert ("orders", "ready", "redis_stream_refused") in found.gaps


async def test_keys_outside_the_pattern_are_said_to_be_refused(valkey: redis.Redis, url: str, read: Reader) -> None:
    filled(valkey)
    valkey.rpush("mine:jobs", *range(120))
    with user(valkey, url, "+@read", "+@connection", "+info", keys="mine:*") as limited:
        found = await read(limited)
    assert {name: q.ready for name, q in found.queues.items() if q.kind == "list"} == {"mine:jobs": 120}
    assert (None, "queues", "redis_keys_refused") in found.gaps


async def test_a_user_who_may_not_even_ping_is_forbidden(valkey: redis.Redis, url: str, read: Reader) -> None:
    with user(valkey, url, "+info", "+dbsize") as limited:
        session = (await read(limited)).session
        with pytest.raises(Forbidden) as caught:
            await BROKER.ping(session)
    assert "pw-of-app" not in str(caught.value)
