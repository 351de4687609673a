"""Looking writes nothing: no key, no time to live, and with control off no message either."""

from __future__ import annotations

from typing import Any

import redis

from tools.brokers.redis.session import READING

from .conftest import Lab, Opener, celery_of

TOOLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("inspect_broker", {}),
    ("inspect_queue", {"queue": "mail"}),
    ("inspect_workers", {}),
    ("peek_messages", {"queue": "mail"}),
    ("peek_messages", {"queue": "mail", "state": "active"}),
)
# What redis-py says when it connects.
_GREETING = {"HELLO", "AUTH", "SELECT", "CLIENT|SETNAME", "CLIENT|SETINFO"}


def state(client: redis.Redis) -> dict[bytes, tuple[bytes, int]]:
    return {key: (client.dump(key), client.ttl(key)) for key in client.keys("*")}


def commands(client: redis.Redis) -> dict[str, int]:
    return {name.removeprefix("cmdstat_").upper(): row["calls"] for name, row in client.info("commandstats").items()}


async def test_all_inspection_tools_send_reading_commands_alone(
    lab: Lab, lookalike: redis.Redis, opened: Opener
) -> None:
    # Given messages, deliveries and results, somebody connected, and control off
    for priority in (0, 3):
        lab.send("mail", priority=priority)
    lab.client.hset("unacked", "tag", b"[" + lab.client.lindex("mail", 0) + b', "", "mail"]')
    lab.client.zadd("unacked_index", {"tag": 1.0})
    lab.client.set("celery-task-meta-1", "{}", ex=1_000)
    before, sent = state(lab.client), commands(lab.client)
    # When
    runner = opened(lab.url, control=False)
    for tool, arguments in TOOLS:
        result = await runner.call(tool, {"target": "main", **arguments})
        assert result.status == "ok", result.error
    # Then
    after = commands(lab.client)
    ours = {name for name, calls in after.items() if calls > sent.get(name, 0)} - {"DUMP", "TTL", "KEYS"}
    assert {name.partition("|")[0] for name in ours - _GREETING} <= READING
    assert state(lab.client) == before


async def test_with_control_off_connected_workers_are_unknown_and_it_says_how_to_ask(
    lab: Lab, lookalike: redis.Redis, opened: Opener
) -> None:
    lab.send("mail")
    result = await opened(lab.url, control=False).call("inspect_workers", {"target": "main"})
    assert result.data == {"workers": None}
    (unknown,) = [u for u in result.unknown if u.field == "workers"]
    assert "control = true" in (unknown.enable or "")


async def test_with_control_off_and_nobody_connected_the_absence_is_a_fact(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    found = await celery_of(opened(lab.url, control=False))
    assert (found.consumers["mail"].count, found.consumers["mail"].confidence) == (0, "fact")
    assert found.workers == []


async def test_a_worker_on_another_database_does_not_count(lab: Lab, lookalike: redis.Redis, opened: Opener) -> None:
    # Given consumers on database 0, and a queue on database 1
    other = lab.url.replace("/0", "/1")
    redis.Redis.from_url(other).sadd("_kombu.binding.mail", "mail\x06\x16\x06\x16mail")
    found = await celery_of(opened(other))
    assert (found.consumers["mail"].count, found.consumers["mail"].basis) == (0, "no_client")
