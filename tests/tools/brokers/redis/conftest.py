"""Readings of any URL, and servers that belong together: on the embedded Valkey, so nothing has to be installed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from evals.servers.redis import RedisCluster, RedisSentinel
from tools.brokers.redis import BROKER
from tools.brokers.redis.session import RedisSession
from tools.brokers.redis.stub import stub_session
from tools.contract import MessageSummary, QueueRecord
from tools.reading import BrokerReading, EvidenceBook, Peek
from tools.targets import parse_target

STUB = parse_target("main", "redis+stub:///world.yaml", {})


@dataclass
class Read:
    """A session and what was read through it."""

    session: RedisSession
    reading: BrokerReading
    book: EvidenceBook

    @property
    def queues(self) -> dict[str, QueueRecord]:
        return {record.name: record for record in self.reading.queues}

    @property
    def gaps(self) -> set[tuple[str | None, str, str]]:
        """Queue, field and reason."""
        return {(gap.at.queue, gap.field, gap.text.key) for gap in self.reading.gaps}

    def fact(self, metric: str, subject: str = "main") -> Any:
        (evidence,) = self.book.find(metric, subject)
        return evidence.value

    async def peek(self, queue: str, state: Any = "ready", limit: int = 5) -> list[MessageSummary]:
        return await BROKER.peek(self.session, self.reading, Peek(queue, state, limit))


Reader = Callable[..., Awaitable[Read]]


@pytest.fixture
async def read() -> AsyncIterator[Reader]:
    """Reads a URL (with options of its target), or a document of the stub; sessions are closed at the end."""
    sessions: list[RedisSession] = []

    async def one(what: str | dict[str, Any], **options: Any) -> Read:
        if isinstance(what, dict):
            session = stub_session(STUB, what)
        else:
            session = await BROKER.open(parse_target("main", what, {}, options))
        sessions.append(session)
        book = EvidenceBook()
        return Read(session, await BROKER.read(session, book), book)

    yield one
    for session in sessions:
        await session.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[RedisCluster]:
    """Three primaries."""
    with RedisCluster(program="valkey", password="pw-of-cluster") as started:
        yield started


@pytest.fixture(scope="module")
def group() -> Iterator[RedisSentinel]:
    """A primary, a replica and three sentinels."""
    with RedisSentinel(program="valkey", password="pw-of-group") as started:
        yield started
