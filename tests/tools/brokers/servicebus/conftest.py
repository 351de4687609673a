"""The doubles behind the real SDK, and tools called on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.servers.servicebus_amqp import ServiceBusAmqpDouble
from evals.servers.servicebus_double import ServiceBusDouble
from tools.config import load_config
from tools.contract import ToolResult
from tools.runner import Runner


@pytest.fixture
def double() -> Iterator[ServiceBusDouble]:
    with ServiceBusDouble() as server:
        yield server


@pytest.fixture
def amqp() -> Iterator[ServiceBusAmqpDouble]:
    with ServiceBusAmqpDouble() as server:
        yield server


@pytest.fixture
async def on(home: Path, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """`await on(url, options, tool, **arguments)` calls a tool on target `bus`."""
    runners: list[Runner] = []

    async def called(url: str, options: dict[str, Any], tool: str, **arguments: Any) -> ToolResult:
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"url": url, **options}.items())
        path = tmp_path / "queuewright.toml"
        path.write_text(f"[targets.bus]\n{table}", encoding="utf-8")
        runners.append(Runner(load_config(config_path=path, environ={"QUEUEWRIGHT_HOME": str(home)})))
        named = {} if tool == "list_targets" else {"target": "bus"}
        return await runners[-1].call(tool, {**named, **arguments})

    yield called
    for runner in runners:
        await runner.close()


@pytest.fixture
def call(on: Callable[..., Any], double: ServiceBusDouble) -> Callable[..., Any]:
    """`await call(tool, **arguments)` on the management double."""

    async def called(tool: str, **arguments: Any) -> ToolResult:
        return await on(double.url, double.options, tool, **arguments)  # type: ignore[no-any-return]

    return called
