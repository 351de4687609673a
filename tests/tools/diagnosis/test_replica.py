"""Workers are connected to the primary: what a replica shows of its own clients proves nobody's absence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import redis

from tools.config import Config
from tools.contract import ToolResult
from tools.diagnosis.engine import Report, diagnose
from tools.runner import Runner

ABSENCE = {"no-consumers", "queue-mismatch", "paused", "workers-lost", "consumer-stalled"}


def unknown(report: Report) -> dict[str, str]:
    return {row["cause"]: row["why"] for row in report.checked if row["result"] == "unknown"}


@pytest.fixture
def waiting(world):  # type: ignore[no-untyped-def]
    """Messages wait and deliveries are out, and no worker is connected to this server."""
    world.queue("mail", 10)
    world.unacked(total=4, held_by_nobody=4, by_queue={"mail": {"total": 4, "eta": 0, "retries": 0}})
    return world


@pytest.mark.parametrize(("role", "words"), [("slave", "replica"), (None, "role")])
@pytest.mark.parametrize("basis", ["no_client", "answered", "silent", "strangers", "clients_denied", "not_asked"])
def test_nobody_is_absent_unless_the_server_is_the_primary(waiting, role: str | None, words: str, basis: str) -> None:  # type: ignore[no-untyped-def]
    waiting.replica(role, read_only=False)
    view = waiting.celery.consumers["mail"]
    view.basis, view.confidence = basis, "fact" if basis in {"no_client", "answered"} else "hypothesis"
    report = diagnose([waiting.facts()], "en")
    assert report.findings == []
    assert unknown(report).keys() >= ABSENCE | {"healthy"}
    assert all(words in unknown(report)[cause] for cause in ABSENCE)


def test_the_same_reading_of_a_primary_finds_everything(waiting) -> None:  # type: ignore[no-untyped-def]
    report = diagnose([waiting.facts()], "en")
    assert {(f.cause, f.confidence) for f in report.findings} == {("workers-lost", "fact"), ("no-consumers", "fact")}


def test_a_long_queue_of_a_replica_is_long_whoever_consumes_it(waiting) -> None:  # type: ignore[no-untyped-def]
    waiting.replica(read_only=False)
    waiting.celery.queues[0].ready = 20_000
    waiting.rate("mail", 20_000, 20_000)
    report = diagnose([waiting.facts()], "en")
    assert [(f.cause, f.confidence) for f in report.findings] == [("backlog-growing", "hypothesis")]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_writable_replica_without_messages_is_not_called_healthy(world, lang: str) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 0)
    world.replica(read_only=False)
    report = diagnose([world.facts()], lang)
    assert report.findings == []
    assert "healthy" in unknown(report)


@pytest.fixture
def replica(send: Callable[..., None], replicate: Callable[[], redis.Redis]) -> str:
    """The URL of a real replica, with the messages of its primary."""
    send("mail", 5)
    return f"redis://127.0.0.1:{replicate().get_connection_kwargs()['port']}/0"


@pytest.fixture
async def ask(configured: Callable[..., Config], replica: str) -> AsyncIterator[Callable[..., Awaitable[ToolResult]]]:
    runner = Runner(configured(main=replica))
    yield lambda **arguments: runner.call("diagnose", {"target": "main", **arguments})
    await runner.close()


async def test_a_real_replica_finds_its_role_and_nobody_missing(ask: Callable[..., Awaitable[ToolResult]]) -> None:
    result = await ask()
    assert result.status == "ok", result.error
    assert result.data is not None
    assert [(f["cause"], f["confidence"]) for f in result.data["findings"]] == [("broker-refusing-writes", "fact")]
    (row,) = [r for r in result.data["checked"] if r["cause"] == "no-consumers"]
    assert (row["queue"], row["result"]) == ("mail", "unknown")
    assert "replica" in row["why"]
