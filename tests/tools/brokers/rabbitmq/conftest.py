"""Readings of a world in code, and HTTP servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tools.brokers.rabbitmq import BROKER
from tools.brokers.rabbitmq.stub import stub_session
from tools.contract import QueueRecord
from tools.reading import BrokerReading, EvidenceBook
from tools.targets import parse_target

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Read = Callable[..., Awaitable[BrokerReading]]


@pytest.fixture
def read() -> Read:
    """Reads a world that is given as the stub's document."""

    async def run(document: dict[str, Any], vhost: str = "", book: EvidenceBook | None = None) -> BrokerReading:
        url = f"rabbitmq+stub:///world.yaml{f'?vhost={vhost}' if vhost else ''}"
        session = stub_session(parse_target("main", url, {}), document)
        return await BROKER.read(session, book or EvidenceBook())

    return run


def queue(reading: BrokerReading, name: str) -> QueueRecord:
    """The record of that name."""
    return next(record for record in reading.queues if record.name == name)


def gaps(reading: BrokerReading, field: str) -> dict[str | None, str]:
    """Keys of the reasons why a field is unknown, by queue; None is the target as a whole."""
    return {gap.at.queue: gap.text.key for gap in reading.gaps if gap.field == field}


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[int]]]:
    """Starts servers; gives the port of each."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(handler: Handler) -> int:
        async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await handler(reader, writer)

        server = await asyncio.start_server(kept, "127.0.0.1", 0)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for writer in writers:
        writer.transport.abort()
    for server in servers:
        server.close()
        await server.wait_closed()
