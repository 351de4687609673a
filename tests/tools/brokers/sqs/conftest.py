"""An SQS server of moto for the session, emptied for each test, and a runner for a target."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evals.servers import ServerMissing
from evals.servers.sqs import SqsServer
from tests.tools.brokers.sqs.fake_aws import FakeAws
from tools.config import load_config
from tools.contract import ToolResult
from tools.runner import Runner

Call = Callable[..., Any]


@pytest.fixture(scope="session")
def moto() -> Iterator[SqsServer]:
    try:
        server = SqsServer().__enter__()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def server(moto: SqsServer) -> SqsServer:
    moto.reset()
    return moto


@pytest.fixture
def sqs(server: SqsServer) -> Iterator[Any]:
    """boto3's own client of the empty server."""
    client = server.client()
    yield client
    client.close()


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """A server that answers as the test says."""
    with FakeAws() as fake:
        yield fake


@pytest.fixture
async def call(home: Path, tmp_path: Path) -> AsyncIterator[Call]:
    """`await call(url, tool, peek=…, prefix=…, **arguments)` on a target named main."""
    runners: list[Runner] = []

    async def called(
        url: str, tool: str, *, options: dict[str, str] | None = None, lang: str = "en", **arguments: Any
    ) -> ToolResult:
        lines = [f"{key} = {value}" for key, value in (options or {}).items()]
        file = tmp_path / "q.toml"
        file.write_text("\n".join(["[targets.main]", f'url = "{url}"', *lines]))
        environ = {"QUEUEWRIGHT_HOME": str(home), "SECRET": "s3cr3t/pw+x"}
        runners.append(Runner(load_config(config_path=file, environ=environ)))
        return await runners[-1].call(tool, {"target": "main", **arguments}, lang=lang)

    yield called
    for runner in runners:
        await runner.close()
