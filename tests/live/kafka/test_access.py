"""Users, ACLs, TLS: what is refused is said, with the permission, and never with a password."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.servers.kafka import KafkaServer
from tests.live.kafka.conftest import configured_for, data, started
from tests.live.kafka.scene import Scene, sdk
from tools.contract import ToolResult
from tools.runner import Runner

pytestmark = pytest.mark.live
PASSWORD = "hunter2-of-the-tests"


@pytest.fixture(scope="module")
def guarded() -> Iterator[KafkaServer]:
    running = started(mechanism="SCRAM-SHA-256", users={"nobody": PASSWORD, "watcher": PASSWORD}, tls=True)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def orders(guarded: KafkaServer) -> Scene:
    """A topic of ten messages, of which a group has read four; `watcher` may describe and read the topic alone."""
    scene = Scene(guarded)
    scene.topic(1, name="orders")
    scene.put("orders", 10)
    scene.commit("billing", "orders", {0: 4})
    _allow(scene, "watcher", "TOPIC", "orders", "READ")
    return scene


def _allow(scene: Scene, user: str, kind: str, name: str, *operations: str) -> None:
    rules = [
        sdk.AclBinding(
            sdk.ResourceType[kind], name, sdk.ResourcePatternType.LITERAL, f"User:{user}", "*",
            sdk.AclOperation[operation], sdk.AclPermissionType.ALLOW,
        )
        for operation in operations
    ]  # fmt: skip
    for answer in scene.admin.create_acls(rules).values():
        answer.result(20)


async def asked(
    home: Path, server: KafkaServer, user: str, password: str, tool: str = "inspect_broker", **arguments: Any
) -> ToolResult:
    runner = Runner(configured_for(home, server.url_of(user, password), tls_ca=server.ca))
    try:
        result = await runner.call(tool, {"target": "main", **arguments})
    finally:
        await runner.close()
    assert password not in json.dumps(result.model_dump())
    return result


def fields(result: ToolResult) -> set[str]:
    return {gap.field for gap in result.unknown}


async def test_the_administrator_sees_everything_over_tls(orders: Scene, home: Path) -> None:
    server = orders.server
    report = data(await asked(home, server, server.user, server.password))
    assert [(q["name"], q["ready"]) for q in report["queues"]] == [("orders", 6)]
    assert report["coverage"]["complete"]
    assert report["version"] == "4.4"


async def test_a_wrong_password_is_refused_at_once(orders: Scene, home: Path) -> None:
    result = await asked(home, orders.server, "watcher", "wrong-password-of-tests")
    assert result.error is not None
    assert result.error.code == "auth_failed"


async def test_another_mechanism_is_refused_with_the_servers_words(orders: Scene, home: Path) -> None:
    server = orders.server
    url = server.url_of("watcher", PASSWORD).replace("SCRAM-SHA-256", "PLAIN")
    runner = Runner(configured_for(home, url, tls_ca=server.ca))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert result.error.code == "auth_failed"
    assert "SCRAM-SHA-256" in result.error.message


async def test_no_log_in_and_no_tls_is_a_mismatch_with_a_hint(orders: Scene, home: Path) -> None:
    runner = Runner(configured_for(home, f"kafka://{orders.server.bootstrap}"))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert result.error.code in {"protocol_mismatch", "unreachable"}


async def test_an_unknown_authority_is_a_mismatch(orders: Scene, home: Path) -> None:
    runner = Runner(configured_for(home, orders.server.url))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert result.error.code == "protocol_mismatch"


async def test_without_any_right_nothing_is_taken_for_empty(orders: Scene, home: Path) -> None:
    result = await asked(home, orders.server, "nobody", PASSWORD)
    report = data(result)
    assert report["queues"] == []
    assert not report["coverage"]["complete"]
    assert "groups" in fields(result)


async def test_a_topic_without_its_groups_has_an_unknown_depth(orders: Scene, home: Path) -> None:
    result = await asked(home, orders.server, "watcher", PASSWORD)
    report = data(result)
    assert [(q["name"], q["ready"], q["consumers"]) for q in report["queues"]] == [("orders", None, None)]
    assert report["queues"][0]["details"]["retained"] == 10
    assert fields(result) >= {"groups", "ready", "consumers", "details.config"}
    assert any("Describe" in (gap.enable or "") for gap in result.unknown)


async def test_reading_a_topic_is_enough_to_peek(orders: Scene, home: Path) -> None:
    result = await asked(home, orders.server, "watcher", PASSWORD, "peek_messages", queue="orders", limit=2)
    assert [m["id"] for m in data(result)["messages"]] == ["0/8", "0/9"]


async def test_describing_alone_is_not_enough_to_peek(orders: Scene, home: Path) -> None:
    orders.topic(1, name="closed")
    orders.put("closed", 1)
    _allow(orders, "watcher", "TOPIC", "closed", "DESCRIBE")
    result = await asked(home, orders.server, "watcher", PASSWORD, "peek_messages", queue="closed")
    assert result.error is not None
    assert result.error.code == "forbidden"


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_the_other_mechanisms_without_tls(home: Path, mechanism: str) -> None:
    server = started(mechanism=mechanism)
    try:
        Scene(server).topic(1, name="orders")
        runner = Runner(configured_for(home, server.url))
        result = await runner.call("inspect_broker", {"target": "main"})
        await runner.close()
    finally:
        server.stop()
    assert [q["name"] for q in data(result)["queues"]] == ["orders"]
