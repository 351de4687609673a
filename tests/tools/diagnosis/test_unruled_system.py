"""A system that can be read and has no rules yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.config import Config
from tools.runner import Runner


async def test_a_system_without_rules_is_never_called_healthy(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    world = tmp_path / "world.yaml"
    world.write_text("queues:\n  orders: {ready: 40}\n")
    runner = Runner(configured(orders=f"sqs+stub://{world}"))
    try:
        result = await runner.call("diagnose", {"target": "orders"})
    finally:
        await runner.close()

    assert result.data is not None
    assert result.data["findings"] == []
    assert [(row["cause"], row["result"]) for row in result.data["checked"]] == [("healthy", "unknown")]
    assert "sqs" in result.data["checked"][0]["why"]
