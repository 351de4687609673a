"""One RabbitMQ for all tests of this folder; each test works in a virtual host of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NoReturn
from urllib.parse import quote

import pytest

from evals.servers import ServerMissing
from evals.servers.rabbitmq import RabbitServer
from tools.brokers.rabbitmq import BROKER
from tools.brokers.rabbitmq.session import RabbitSession
from tools.reading import BrokerReading, EvidenceBook
from tools.targets import Target, parse_target

Open = Callable[..., Awaitable[RabbitSession]]
_numbers = itertools.count(1)


def missing(error: ServerMissing) -> NoReturn:
    """Ends the test: as failed where servers must be there, else as skipped with the reason."""
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def server() -> Iterator[RabbitServer]:
    """A running node, statistics every second."""
    try:
        started = RabbitServer().__enter__()
    except ServerMissing as error:
        missing(error)
    yield started
    started.stop()


@pytest.fixture
def vhost(server: RabbitServer) -> Iterator[str]:
    """An empty virtual host with an awkward name."""
    name = f"test {next(_numbers)}/ё"
    server.add_vhost(name)
    yield name
    server.api("DELETE", f"/api/vhosts/{quote(name, safe='')}")


def target_of(server: RabbitServer, vhost: str = "", user: str = "", password: str = "", **options: Any) -> Target:
    """A target of the server, limited to a virtual host where one is given."""
    login = f"{user or server.user}:{password or server.password}"
    url = f"amqp://{login}@127.0.0.1:{server.port}/{quote(vhost, safe='')}"
    return parse_target("main", url, {}, {"management_url": server.management_url, **options})


@pytest.fixture
async def opened(server: RabbitServer) -> AsyncIterator[Open]:
    """Opens sessions that are closed at the end."""
    sessions: list[RabbitSession] = []

    async def run(*arguments: Any, **options: Any) -> RabbitSession:
        sessions.append(await BROKER.open(target_of(server, *arguments, **options)))
        return sessions[-1]

    yield run
    for session in sessions:
        await session.close()


async def read(session: RabbitSession) -> BrokerReading:
    """One reading."""
    return await BROKER.read(session, EvidenceBook())
