"""`diagnose` on a real Valkey with real Celery workers and one fault at a time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator

import pytest
import redis

from tools.contract import ToolResult


def told(result: ToolResult) -> list[tuple[str, str | None, str]]:
    assert result.status == "ok", result.error
    assert result.data is not None
    return [(f["cause"], f["at"]["queue"], f["confidence"]) for f in result.data["findings"]]


async def test_three_queues_nobody_consumes_are_three_facts(call, send: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    for queue, count in (("mail", 30), ("video", 20), ("reports", 10)):
        send(queue, count)
    result = await call("diagnose", target="main")
    assert told(result) == [(("no-consumers"), queue, "fact") for queue in ("mail", "video", "reports")]
    depths = {e.subject: e.value for e in result.evidence if e.metric == "queue.ready"}
    assert depths == {"main/mail": 30, "main/video": 20, "main/reports": 10}
    finding = result.data["findings"][0]
    assert "troubleshooting/no-consumers" in finding["knowledge"]
    assert {e.id for e in result.evidence} >= set(finding["evidence"]) > set()
    assert "celery -A proj worker -Q mail" in [r["command"] for r in finding["remedies"]]


async def test_a_live_worker_with_nothing_to_do_is_healthy_and_nothing_else(call, workers) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail")
    result = await call("diagnose", target="main", lang="ru")
    assert told(result) == [("healthy", None, "fact")]
    assert "в порядке" in result.data["findings"][0]["summary"]
    assert {row["result"] for row in result.data["checked"]} == {"ruled_out"}


async def test_a_mistyped_queue_name_is_a_mismatch(call, workers, send: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    workers.start("emails")
    send("email", 5)
    result = await call("diagnose", target="main")
    assert told(result) == [("queue-mismatch", "email", "fact")]
    assert "emails" in result.data["findings"][0]["summary"]


async def test_a_cancelled_queue_is_paused_only_when_its_worker_was_seen_consuming_it(
    call, workers, send: Callable[..., None], app, valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail,video")
    with app.connection_for_write() as connection:
        wait_until(lambda: _uptime(app, connection) >= 3, "what is seen now is surely seen after the worker's start")
    assert told(await call("diagnose", target="main")) == [("healthy", None, "fact")]
    with app.connection_for_write() as connection:
        replies = app.control.cancel_consumer("mail", reply=True, limit=1, connection=connection)
    assert replies
    send("mail", 3)
    wait_until(lambda: valkey.llen("mail") == 3, "the messages wait")

    result = await call("diagnose", target="main", window_s=2.5)
    assert told(result) == [("paused", "mail", "fact")]
    assert result.data["findings"][0]["severity"] == "medium"


def _uptime(app, connection) -> int:  # type: ignore[no-untyped-def]
    (reply,) = app.control.broadcast("stats", reply=True, limit=1, connection=connection)
    return next(iter(reply.values()))["uptime"]


async def test_a_killed_worker_leaves_tasks_that_nobody_holds(
    call, workers, send: Callable[..., None], valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    process = workers.start("mail", late=True)
    send("mail", 6, seconds=60)
    wait_until(lambda: valkey.hlen("unacked") >= 4, "the worker has taken its tasks")
    workers.signal(process, signal.SIGKILL)
    wait_until(lambda: workers.waiting() == 0, "the connection of the dead is closed")
    held = valkey.hlen("unacked")
    result = await call("diagnose", target="main")
    assert told(result) == [("workers-lost", "mail", "fact"), ("no-consumers", "mail", "fact")]
    lost, nobody = result.data["findings"]
    assert nobody["because"] == [0]
    assert str(held) in lost["summary"]


async def test_a_killed_worker_beside_a_living_one_is_still_noticed(
    call, workers, send: Callable[..., None], valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    dead = workers.start("mail", "dead", late=True)
    send("mail", 4, seconds=60)
    wait_until(lambda: valkey.hlen("unacked") == 4, "the worker has taken its tasks")
    workers.start("mail", "alive", late=True)
    workers.signal(dead, signal.SIGKILL)
    wait_until(lambda: workers.waiting() == 1, "the connection of the dead is closed")
    result = await call("diagnose", target="main")
    assert told(result) == [("workers-lost", "mail", "fact")]
    assert result.data["findings"][0]["severity"] == "high"


async def test_a_stopped_worker_is_never_absent_as_a_fact(call, workers, send: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    process = workers.start("mail")
    workers.signal(process, signal.SIGSTOP)
    send("mail", 5)
    result = await call("diagnose", target="main")
    workers.signal(process, signal.SIGCONT)
    assert told(result) == [("consumer-stalled", "mail", "hypothesis")]
    assert {"cause": "no-consumers", "result": "unknown"}.items() <= next(
        row for row in result.data["checked"] if row["cause"] == "no-consumers"
    ).items()
    assert any("ps -eo" in (r["command"] or "") for r in result.data["findings"][0]["remedies"])


async def test_a_backlog_on_its_way_down_is_healthy(
    call, workers, send: Callable[..., None], valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail", prefetch=1)
    send("mail", 40, seconds=0.2)
    wait_until(lambda: valkey.llen("mail") < 40, "the worker works")
    result = await call("diagnose", target="main", queue="mail", window_s=2)
    assert told(result) == [("healthy", "mail", "fact")]
    (row,) = [r for r in result.data["checked"] if r["cause"] == "backlog-draining"]
    assert row["result"] == "held"


async def test_a_backlog_that_grows_within_the_window_is_a_fact(
    call, workers, send: Callable[..., None], valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail", prefetch=1)
    send("mail", 30, seconds=5)
    wait_until(lambda: valkey.llen("mail") < 30, "the worker is busy")
    watched = asyncio.create_task(call("diagnose", target="main", window_s=2))
    await asyncio.sleep(1)
    await asyncio.to_thread(send, "mail", 60, seconds=5)
    result = await watched
    assert told(result) == [("backlog-growing", "mail", "fact")]
    (net,) = [e.value for e in result.evidence if e.metric == "queue.net_rate"]
    assert 15 < net < 45


@pytest.fixture
def limited(valkey: redis.Redis) -> Iterator[Callable[[str, int], None]]:
    """Sets a memory limit, given as room above what is used now; the server has none afterwards."""

    def limit(policy: str, room: int) -> None:
        valkey.config_set("maxmemory-policy", policy)
        valkey.config_set("maxmemory", valkey.info("memory")["used_memory"] + room)

    yield limit
    valkey.config_set("maxmemory", 0)
    valkey.config_set("maxmemory-policy", "noeviction")


async def test_a_cache_policy_with_a_limit_is_a_risk_for_queues(
    call, send: Callable[..., None], limited: Callable[[str, int], None]
) -> None:  # type: ignore[no-untyped-def]
    send("mail", 1)
    limited("allkeys-lru", 500_000_000)
    found = told(await call("diagnose", target="main"))
    assert found == [("no-consumers", "mail", "fact"), ("eviction-risk", None, "fact")]


async def test_a_full_broker_that_may_not_evict_refuses_writes(
    call, valkey: redis.Redis, limited: Callable[[str, int], None]
) -> None:  # type: ignore[no-untyped-def]
    limited("noeviction", 200_000)
    with pytest.raises(redis.exceptions.ResponseError, match="maxmemory"):
        _fill(valkey)
    result = await call("diagnose", target="main")
    assert told(result) == [("broker-refusing-writes", None, "fact")]
    (errors,) = [e.value for e in result.evidence if e.metric == "broker.refused_writes"]
    assert errors >= 1


def _fill(valkey: redis.Redis) -> None:
    for i in range(1_000):
        valkey.set(f"fill{i}", "x" * 10_000)


async def test_work_that_arrived_a_moment_ago_is_no_stall(call, workers, send: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail", prefetch=1)
    assert told(await call("diagnose", target="main")) == [("healthy", None, "fact")]
    send("mail", 60, seconds=0.2)
    assert told(await call("diagnose", target="main")) == [("healthy", None, "fact")]


async def test_a_worker_that_answers_and_takes_nothing_is_stalled_as_a_fact(
    call, workers, send: Callable[..., None], valkey: redis.Redis, wait_until: Callable[..., None]
) -> None:  # type: ignore[no-untyped-def]
    workers.start("mail", prefetch=1, eta_limit=1)
    send("mail", 1, countdown=600)
    wait_until(lambda: valkey.hlen("unacked") == 1, "the worker holds the task until it is due")
    send("mail", 5)
    result = await call("diagnose", target="main")
    assert told(result) == [("consumer-stalled", "mail", "fact")]
    assert result.data["findings"][0]["severity"] == "critical"
