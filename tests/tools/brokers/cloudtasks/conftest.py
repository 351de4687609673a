"""A gRPC server that answers as the test says, and a runner for a target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.brokers.cloudtasks.fake_google import FakeGoogle
from tools.config import load_config
from tools.contract import ToolResult
from tools.runner import Runner

Call = Callable[..., Any]


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with FakeGoogle() as fake:
        yield fake


@pytest.fixture
async def call(home: Path, tmp_path: Path) -> AsyncIterator[Call]:
    """`await call(url, tool, options=…, **arguments)` on a target named main."""
    runners: list[Runner] = []

    async def called(
        url: str, tool: str, *, options: dict[str, str] | None = None, lang: str = "en", **arguments: Any
    ) -> ToolResult:
        lines = [f"{key} = {value}" for key, value in (options or {}).items()]
        file = tmp_path / "q.toml"
        file.write_text("\n".join(["[targets.main]", f'url = "{url}"', *lines]))
        runners.append(Runner(load_config(config_path=file, environ={"QUEUEWRIGHT_HOME": str(home)})))
        return await runners[-1].call(tool, {"target": "main", **arguments}, lang=lang)

    yield called
    for runner in runners:
        await runner.close()
