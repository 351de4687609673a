"""What a framework explains is not shown again, nor what Redis alone cannot tell of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tools.config import Config
from tools.runner import Runner


async def called(
    configured: Callable[..., Config], folder: Path, document: dict[str, Any], tool: str, **more: Any
) -> Any:
    path = folder / "world.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    runner = Runner(configured(main=f"redis+stub://{path}"))
    result = await runner.call(tool, {"target": "main", **more})
    await runner.close()
    return result


async def test_unknowns_of_lists_go_with_the_lists_that_celery_explains(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    document = {"celery": {"queues": {"mail": {"ready": 500}}}}
    result = await called(configured, tmp_path, document, "inspect_broker")
    assert [q["framework"] for q in result.data["queues"]] == ["celery"]
    assert "native" not in {unknown.at.framework for unknown in result.unknown}


async def test_unknowns_of_the_brokers_own_queues_do_not_stand_at_those_of_celery(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    document = {
        "celery": {"queues": {"mail": {"ready": 500}}},
        "keys": {"jobs": {"type": "list", "value": ["x"] * 200}},
    }
    celery = await called(configured, tmp_path, document, "inspect_queue", queue="mail")
    native = await called(configured, tmp_path, document, "inspect_queue", queue="jobs")
    assert {unknown.at.framework for unknown in celery.unknown} == {"celery"}
    assert {unknown.at.framework for unknown in native.unknown} == {"native"}
    assert {unknown.field for unknown in native.unknown} >= {"in_flight", "oldest_age_s", "dead"}
