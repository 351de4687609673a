"""Debian's redis-server in every form that a target can have."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NoReturn, TypeVar

import pytest

from evals.servers import ServerMissing
from evals.servers.redis import RedisCluster, RedisSentinel, RedisServer
from tools.brokers.redis import BROKER
from tools.brokers.redis.session import RedisSession
from tools.reading import BrokerReading, EvidenceBook
from tools.targets import parse_target

Server = TypeVar("Server", RedisServer, RedisSentinel, RedisCluster)
Read = Callable[..., Awaitable[tuple[RedisSession, BrokerReading]]]


def missing(error: ServerMissing) -> NoReturn:
    """Ends the test: as failed where servers must be there, else as skipped with the reason."""
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


def started(server: Server) -> Server:
    """The server, running."""
    try:
        server.__enter__()
    except ServerMissing as error:
        missing(error)
    return server


@pytest.fixture(scope="session")
def plain() -> Iterator[RedisServer]:
    server = started(RedisServer())
    yield server
    server.stop()


@pytest.fixture(scope="session")
def tls() -> Iterator[RedisServer]:
    server = started(RedisServer(tls=True, password="pw-of-tls"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def unix() -> Iterator[RedisServer]:
    server = started(RedisServer(unix=True, password="pw/of unix"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def cluster() -> Iterator[RedisCluster]:
    servers = started(RedisCluster(password="pw-of-cluster"))
    yield servers
    servers.__exit__()


@pytest.fixture(scope="module")
def group() -> Iterator[RedisSentinel]:
    servers = started(RedisSentinel(password="pw-of-group"))
    yield servers
    servers.__exit__()


@pytest.fixture
async def read() -> AsyncIterator[Read]:
    """Reads a URL, with options of its target."""
    sessions: list[RedisSession] = []

    async def one(url: str, **options: Any) -> tuple[RedisSession, BrokerReading]:
        sessions.append(await BROKER.open(parse_target("main", url, {}, options)))
        return sessions[-1], await BROKER.read(sessions[-1], EvidenceBook())

    yield one
    for session in sessions:
        await session.close()
