"""What only a stub can do: fail on demand, refuse commands, change while time passes, and be written short."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.brokers.redis import stub_keys
from tools.brokers.redis.session import failed
from tools.brokers.redis.stub import stub_session
from tools.config import Config
from tools.contract import ToolResult
from tools.errors import Unsupported
from tools.runner import Runner
from tools.targets import parse_target

STUB = parse_target("main", "redis+stub:///world.yaml", {})
Call = Callable[..., Any]


@pytest.fixture
async def call(configured: Callable[..., Config], tmp_path: Path) -> AsyncIterator[Call]:
    """Calls a tool on the world that a document describes."""
    runners: list[Runner] = []

    async def called(document: dict[str, Any], tool: str, **arguments: Any) -> ToolResult:
        path = tmp_path / "world.yaml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        runners.append(Runner(configured(main=f"redis+stub://{path}")))
        return await runners[-1].call(tool, {"target": "main", **arguments})

    yield called
    for runner in runners:
        await runner.close()


@pytest.mark.parametrize("code", ["unreachable", "timeout", "auth_failed", "forbidden"])
async def test_it_fails_as_a_server_fails(call: Call, code: str) -> None:
    result = await call({"fail": code}, "inspect_broker")
    assert result.error.code == code


async def test_a_refused_command_is_unknown_and_the_rest_is_read(call: Call) -> None:
    result = await call({"deny": ["CLIENT LIST"], "celery": {"queues": {"mail": {"ready": 5}}}}, "inspect_broker")
    assert [q["ready"] for q in result.data["queues"]] == [5]
    assert any("CLIENT LIST" in u.reason for u in result.unknown)


async def test_a_backlog_grows_and_drains_while_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(stub_keys, "now", lambda: now)
    growing, draining = {"ready": 100, "growth_per_s": 2.5}, {"ready": 10, "growth_per_s": -1, "messages": ["first"]}
    session = stub_session(STUB, {"celery": {"queues": {"up": growing, "down": draining}}})
    before = await session.run(("LLEN", "up"), ("LLEN", "down"), ("LINDEX", "up", -1), ("LINDEX", "down", -1))
    # When ten seconds pass
    now += 10
    after = await session.run(("LLEN", "up"), ("LLEN", "down"), ("LINDEX", "up", -1), ("LINDEX", "down", -1))
    # Then one has grown at its left end, and of the other the oldest are gone
    assert (before[:2], after[:2]) == ([100, 11], [125, 1])
    assert after[2] == before[2]
    assert before[3] == b"first"
    assert after[3] != b"first"
    # and an empty list is no key
    now += 10
    assert await session.run(("LLEN", "down"), ("TYPE", "down"), ("LINDEX", "down", -1)) == [0, b"none", None]


async def test_a_short_description_gives_workers_deliveries_and_results(call: Call) -> None:
    world = {
        "celery": {
            "queues": {"mail": {"ready": 10}},
            "workers": [
                {"name": "celery@w1", "queues": ["mail"], "concurrency": 2, "active": 2, "reserved": 8, "scheduled": 1},
                {"name": "celery@w2", "queues": ["mail"], "active": [{"name": "late", "runtime_s": 900, "late": True}]},
            ],
            "unacked": [{"queue": "mail", "count": 3, "eta_s": 60, "retries": 1, "worker": "celery@w1"}],
        }
    }
    queue = (await call(world, "inspect_queue", queue="mail")).data
    workers = (await call(world, "inspect_workers")).data["workers"]
    assert (queue["ready"], queue["scheduled"], queue["retrying"], queue["consumers"]) == (10, 1, 3, 2)
    # two run acknowledged, one runs unacknowledged, eight wait in the worker
    assert queue["in_flight"] == 11
    assert [(w["state"], w["busy"], w["details"]["reserved"], w["details"]["scheduled"]) for w in workers] == [
        ("running", 2, 8, 4), ("running", 1, 0, 0),
    ]  # fmt: skip
    assert workers[1]["jobs"][0]["runtime_s"] == pytest.approx(900, abs=60)


async def test_silent_and_killed_workers_are_two_things(call: Call) -> None:
    silent = {"celery": {"queues": {"mail": {}}, "workers": [{"name": "a", "queues": ["mail"], "answers": False}]}}
    killed = {"celery": {"queues": {"mail": {}}, "workers": [{"name": "a", "queues": ["mail"], "connected": False}]}}
    assert [w["state"] for w in (await call(silent, "inspect_workers")).data["workers"]] == ["silent"]
    assert (await call(killed, "inspect_workers")).data == {"workers": []}


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"celery": {"queues": {"mail": {"redy": 5}}}}, "celery.queues.mail.redy"),
        ({"celry": {}}, "celry"),
        ({"keys": {"a": {"type": "stream", "value": 1}}}, "keys.a.type"),
    ],
)
def test_a_typing_error_is_named_by_its_place(document: dict[str, Any], where: str) -> None:
    with pytest.raises(Unsupported) as error:
        stub_session(STUB, document)
    assert where in str(error.value.facts["detail"])


async def test_a_missing_or_unreadable_file_is_an_error_that_names_it(call: Call, configured: Any) -> None:
    runner = Runner(configured(main="redis+stub:///nowhere/world.yaml"))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert result.error.code == "unsupported"
    assert "/nowhere/world.yaml" in result.error.message


async def test_a_command_that_it_does_not_know_is_an_error_and_not_a_guess() -> None:
    (reply,) = await stub_session(STUB, {}).run(("PUBSUB", "NUMPAT"))
    assert failed(reply)
    assert reply.code == "ERR"
