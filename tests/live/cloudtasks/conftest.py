"""An emulator for the session, a world of its own, and the runner of the other tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from evals.servers import ServerMissing
from evals.servers.cloudtasks import CloudTasksServer
from tests.live.cloudtasks.world import RealWorld
from tests.tools.brokers.cloudtasks.conftest import call

__all__ = ["call"]


@pytest.fixture(scope="session")
def emulator() -> Iterator[CloudTasksServer]:
    try:
        server = CloudTasksServer().__enter__()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def sdk(emulator: CloudTasksServer) -> Iterator[Any]:
    """Google's own client of an emulator without queues."""
    client = emulator.client()
    for queue in client.list_queues(parent=emulator.parent):
        client.delete_queue(name=queue.name)
    yield client
    client.transport.close()


@pytest.fixture
async def world(emulator: CloudTasksServer) -> AsyncIterator[RealWorld]:
    async with RealWorld() as opened:
        yield opened
