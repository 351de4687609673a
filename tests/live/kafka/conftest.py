"""One Kafka for all tests of this folder, another one with users; each test has topics and groups of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.servers import ServerMissing
from evals.servers.kafka import KafkaServer
from tests.live.kafka.scene import Scene
from tools.config import Config, load_config
from tools.contract import ToolResult
from tools.runner import Runner

Call = Callable[..., Awaitable[ToolResult]]


def started(**options: Any) -> KafkaServer:
    """A server; where there is none the test fails in CI and is skipped elsewhere."""
    try:
        return KafkaServer(**options).__enter__()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def server() -> Iterator[KafkaServer]:
    running = started(settings={"message.max.bytes": "20000000", "auto.create.topics.enable": "true"})
    yield running
    running.stop()


@pytest.fixture
def scene(server: KafkaServer) -> Iterator[Scene]:
    found = Scene(server)
    yield found
    found.close()


def configured_for(home: Path, url: str, **options: Any) -> Config:
    """A configuration with the one target `main`."""
    lines = [f"url = {url!r}", *(f"{key} = {str(value)!r}" for key, value in options.items())]
    file = home / "queuewright.toml"
    home.mkdir(parents=True, exist_ok=True)
    file.write_text("[targets.main]\n" + "\n".join(lines) + "\n")
    return load_config(config_path=file, environ={"QUEUEWRIGHT_HOME": str(home)})


@pytest.fixture
async def call(server: KafkaServer, home: Path) -> AsyncIterator[Call]:
    """Calls a tool on target `main` through the real runner."""
    runner = Runner(configured_for(home, server.url))

    async def one(tool: str, **arguments: object) -> ToolResult:
        return await runner.call(tool, {"target": "main", **arguments})

    yield one
    await runner.close()


def data(result: ToolResult) -> dict[str, Any]:
    """The data of a call that went well."""
    assert result.data is not None, result.error
    return result.data
