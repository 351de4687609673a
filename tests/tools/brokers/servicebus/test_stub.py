"""The stub: what only it can do, and that the readers see in it what they see through the real SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.servicebus.world import RealWorld
from tests.tools.brokers.servicebus.world import StubWorld
from tools.brokers.servicebus import BROKER, stub_entities
from tools.brokers.servicebus.stub import stub_session
from tools.errors import Unsupported
from tools.reading import EvidenceBook, Peek
from tools.targets import parse_target

STUB = parse_target("bus", "servicebus+stub:///world.yaml", {})


@pytest.fixture
def stubbed(on: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Calls a tool on the world that a document describes."""

    async def called(document: dict[str, Any], tool: str = "inspect_broker", **arguments: Any) -> Any:
        path = tmp_path / "world.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return await on(f"servicebus+stub://{path}", {}, tool, **arguments)

    return called


@pytest.fixture(params=[StubWorld, RealWorld])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    async with request.param() as opened:
        yield opened


async def test_both_worlds_tell_the_same(world: Any) -> None:
    await world.put("orders", 7)
    session = await BROKER.open(parse_target("bus", world.url, {}, world.options))
    reading = await BROKER.read(session, EvidenceBook())
    (record,) = reading.queues
    said = await world.counts("orders")
    assert {key: getattr(record, key) for key in said} == said
    messages = await BROKER.peek(session, reading, Peek("orders", "ready", 3))
    assert ['{\\"n\\": 0}' in messages[0].summary, len(messages)] == [True, 3]
    await world.put("orders", 9)
    depths = await BROKER.depths(session, reading, reading.queues)
    await session.close()
    await session.close()
    assert depths == {"orders": 9}


@pytest.mark.parametrize("code", ["unreachable", "timeout", "auth_failed", "forbidden"])
async def test_it_fails_as_the_service_fails(stubbed: Callable[..., Any], code: str) -> None:
    assert (await stubbed({"fail": code})).error.code == code


async def test_a_missing_right_leaves_the_rest(stubbed: Callable[..., Any]) -> None:
    result = await stubbed({"deny": ["topics", "namespace"], "queues": {"orders": {"ready": 5}}})
    assert [q["ready"] for q in result.data["queues"]] == [5]
    assert {"topics", "namespace"} <= {u.field for u in result.unknown}
    assert result.data["coverage"]["complete"] is False


async def test_throttled_calls_are_told_to_the_rules() -> None:
    session = stub_session(STUB, {"throttle": ["subscriptions"], "topics": {"events": {"subscriptions": {"a": {}}}}})
    reading = await BROKER.read(session, EvidenceBook())
    assert reading.facts["throttled"] == ["list_subscriptions($skip=0, $top=100)"]
    assert reading.health == "degraded"


async def test_a_backlog_grows_while_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(stub_entities, "now", lambda: now)
    queues = {"up": {"ready": 100, "growth_per_s": 2.5}, "down": {"ready": 10, "growth_per_s": -2}}
    session = stub_session(STUB, {"queues": queues})
    reading = await BROKER.read(session, EvidenceBook())
    now += 10
    assert await BROKER.depths(session, reading, reading.queues) == {"up": 125, "down": 0}


async def test_depths_follow_dead_letter_queues_and_know_nothing_of_topics() -> None:
    world = {"queues": {"orders": {"ready": 2, "dead": 3, "transfer_dead": 4}}, "topics": {"events": {}}}
    session = stub_session(STUB, world)
    reading = await BROKER.read(session, EvidenceBook())
    assert await BROKER.depths(session, reading, reading.queues) == {
        "orders": 2, "orders/$DeadLetterQueue": 3, "orders/$Transfer/$DeadLetterQueue": 4, "events": None,
    }  # fmt: skip


async def test_facts_name_sessions_and_forwards() -> None:
    settings = {"RequiresSession": "true", "ForwardTo": "https://ns.servicebus.windows.net/archive"}
    session = stub_session(STUB, {"queues": {"orders": {"settings": settings}, "archive": {}}})
    reading = await BROKER.read(session, EvidenceBook())
    assert reading.facts["sessions"] == {"orders"}
    assert reading.facts["forwards"] == [("orders", "archive")]


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"queues": {"orders": {"redy": 5}}}, "queues.orders.redy"),
        ({"ques": {}}, "ques"),
        ({"deny": ["everything"]}, "deny.0"),
    ],
)
def test_a_typing_error_is_named_by_its_place(document: dict[str, Any], where: str) -> None:
    with pytest.raises(Unsupported) as error:
        stub_session(STUB, document)
    assert where in str(error.value.facts["detail"])


async def test_a_missing_file_is_an_error_that_names_it(on: Callable[..., Any]) -> None:
    result = await on("servicebus+stub:///nowhere/world.yaml", {}, "inspect_broker")
    assert result.error.code == "unsupported"
    assert "/nowhere/world.yaml" in result.error.message
