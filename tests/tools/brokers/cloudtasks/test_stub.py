"""The stub answers as the service does, in the words of its file; the contract suite's world of it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.brokers.cloudtasks.world import StubWorld
from tools.brokers.cloudtasks.stub import stub_session
from tools.errors import Unsupported
from tools.targets import parse_target

WORLD: dict[str, Any] = {
    "queues": {
        "mail": {
            "state": "paused", "ready": 10, "scheduled": 3, "retrying": 2, "in_flight": 1, "oldest_age_s": 900,
            "executed_last_minute": 30, "effective_execution_rate": 2.5,
            "tasks": [{"id": "t1", "body": "first", "dispatch_count": 3, "response_count": 3, "code": 5}],
        },
        "empty": None,
    }
}  # fmt: skip


@pytest.fixture
def at(tmp_path: Path) -> Any:
    def written(world: dict[str, Any]) -> str:
        path = tmp_path / "world.yaml"
        path.write_text(yaml.safe_dump(world), encoding="utf-8")
        return f"cloudtasks+stub://{path}"

    return written


@pytest.fixture
async def world() -> AsyncIterator[StubWorld]:
    async with StubWorld() as opened:
        yield opened


async def test_a_queue_of_any_name_is_found_with_its_counts(call: Any, world: StubWorld) -> None:
    for n, name in enumerate(world.hostile):
        await world.put(name, n + 1)
    result = await call(world.url, "inspect_broker")
    read = [[q[f] for f in ("ready", "scheduled", "retrying")] for q in reversed(result.data["queues"])]
    assert read == [list((await world.counts(name)).values()) for name in world.hostile]


async def test_messages_are_peeked_and_stay(call: Any, world: StubWorld) -> None:
    await world.put("mail", 3)
    result = await call(world.url, "peek_messages", queue="mail")
    assert len(result.data["messages"]) == 3
    assert (await world.counts("mail"))["ready"] == 3


async def test_a_world_is_read_like_a_location(call: Any, at: Any) -> None:
    result = await call(at(WORLD), "inspect_broker")
    mail, empty = result.data["queues"]
    assert [mail[f] for f in ("ready", "scheduled", "retrying", "in_flight", "paused")] == [11, 3, 2, 1, True]
    assert mail["oldest_age_s"] == pytest.approx(900, abs=5)
    assert mail["details"]["tasks"]["last_codes"] == {"NOT_FOUND": 1, "UNAVAILABLE": 2}
    assert (empty["ready"], empty["paused"], empty["oldest_age_s"]) == (0, False, None)


async def test_messages_of_each_state_are_shown(call: Any, at: Any) -> None:
    shown = {}
    for state in ("ready", "scheduled", "retry"):
        result = await call(at(WORLD), "peek_messages", queue="mail", state=state, limit=20)
        shown[state] = [m["summary"].partition(" [")[0] for m in result.data["messages"]]
    assert shown["ready"][0] == "first"
    assert [len(found) for found in shown.values()] == [11, 3, 2]


@pytest.mark.parametrize("code", ["unreachable", "timeout", "auth_failed", "forbidden"])
async def test_it_fails_as_the_service_fails(call: Any, at: Any, code: str) -> None:
    assert (await call(at({"fail": code}), "inspect_broker")).error.code == code


async def test_missing_permissions_and_statistics_are_unknown_by_name(call: Any, at: Any) -> None:
    world = WORLD | {"deny": ["cloudtasks.tasks.list mail"], "stats": False}
    result = await call(at(world), "inspect_broker")
    assert "cloudtasks.tasks.list" in " ".join(str(u.enable) for u in result.unknown)
    assert "in_flight" in {u.field for u in result.unknown}


@pytest.mark.parametrize(
    ("world", "where"),
    [({"quues": {}}, "quues"), ({"queues": {"a": {"redy": 1}}}, "queues.a.redy"), ([1], ""), ({"fail": "x"}, "fail")],
)
def test_a_typing_error_is_named_by_its_place(world: Any, where: str) -> None:
    with pytest.raises(Unsupported) as error:
        stub_session(parse_target("main", "cloudtasks+stub:///world.yaml", {}), world)
    assert where in str(error.value.facts["detail"])


@pytest.mark.parametrize("lang", ["en", "ru"])
async def test_every_sentence_renders(call: Any, at: Any, lang: str) -> None:
    result = await call(at(WORLD), "inspect_broker", lang=lang)
    assert all(u.reason for u in result.unknown)
