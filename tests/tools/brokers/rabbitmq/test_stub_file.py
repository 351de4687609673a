"""A stub's file is read strictly, and each failure that it can play arrives as its error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.world import StubWorld
from tools.brokers.rabbitmq import BROKER
from tools.brokers.rabbitmq.stub import stub_session
from tools.config import Config
from tools.errors import Unsupported
from tools.reading import EvidenceBook
from tools.runner import Runner
from tools.targets import parse_target

TARGET = parse_target("main", "rabbitmq+stub:///world.yaml", {})


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"queues": [{"name": "a", "redy": 5}]}, "queues.0.redy"),
        ({"quees": []}, "quees"),
        ({"queues": [{"name": "a", "ready": -1}]}, "queues.0.ready"),
        ({"queues": [{"name": "a", "type": "zset"}]}, "queues.0.type"),
        ({"fail": "sometimes"}, "fail"),
    ],
)
def test_a_typing_error_is_named_by_its_place(document: dict[str, Any], where: str) -> None:
    with pytest.raises(Unsupported) as error:
        stub_session(TARGET, document)
    assert where in str(error.value.facts["detail"])


@pytest.mark.parametrize(
    ("fail", "code"),
    [
        ("unreachable", "unreachable"),
        ("timeout", "timeout"),
        ("auth_failed", "auth_failed"),
        ("forbidden", "forbidden"),
    ],
)
async def test_each_failure_is_played(fail: str, code: str, tmp_path: Path, configured: Callable[..., Config]) -> None:
    (tmp_path / "world.yaml").write_text(f"fail: {fail}\n")
    runner = Runner(configured(main=f"rabbitmq+stub://{tmp_path}/world.yaml"))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert result.error.code == code


async def test_a_missing_file_is_an_error_that_names_it(configured: Callable[..., Config]) -> None:
    runner = Runner(configured(main="rabbitmq+stub:///nowhere/world.yaml"))
    result = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert result.error is not None
    assert "/nowhere/world.yaml" in result.error.message


async def test_a_file_that_changes_is_read_again() -> None:
    async with StubWorld() as world:
        session = await BROKER.open(parse_target("main", world.url, {}, world.options))
        for count, name in enumerate(world.hostile, 1):
            await world.put(name, count)
        reading = await BROKER.read(session, EvidenceBook())
    assert {record.name: record.ready for record in reading.queues} == {n: i for i, n in enumerate(world.hostile, 1)}


async def test_a_queue_that_drains_ends_at_0_and_its_counters_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.brokers.rabbitmq import stub_api

    document = {"queues": [{"name": "mail", "ready": 10, "growth_per_s": -2, "ack_per_s": 5, "published": 40}]}
    session = stub_session(TARGET, document)
    start = stub_api.time.monotonic()
    monkeypatch.setattr(stub_api.time, "monotonic", lambda: start + 100)
    reading = await BROKER.read(session, EvidenceBook())
    counters = reading.counters["//mail"]
    assert reading.queues[0].ready == 0
    assert (counters.arrived, counters.completed) == (40 + 300, 500)
