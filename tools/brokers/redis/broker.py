"""Reads a Redis as a broker: server, memory, persistence, clients and where queues may lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.brokers.redis.client import RedisClient
from tools.brokers.redis.keyspace import scan
from tools.brokers.redis.server import read_server
from tools.brokers.redis.session import RedisSession, failed
from tools.contract import At, Coverage, MessageSummary, QueueRecord
from tools.errors import Unsupported
from tools.reading import BrokerReading, Depths, EvidenceBook, Gap, Peek, Texts, address
from tools.targets import Target

# Lists that no layout explains are only worth a line above this many items (contract, queue record).
STRAY_ABOVE = 100


class RedisBroker:
    """Redis and Valkey, one node."""

    id = "redis"

    async def open(self, target: Target) -> RedisSession:
        """A session; nothing is sent yet."""
        if target.scheme == "redis+stub":
            from tools.brokers.redis.stub import open_stub

            return open_stub(target)
        return RedisSession(target, RedisClient(target))

    async def ping(self, session: RedisSession) -> None:
        """One round trip.

        Raises:
            TargetError: unreachable, time-out, wrong password, not Redis.
        """
        await session.one("PING")

    async def read(self, session: RedisSession, book: EvidenceBook) -> BrokerReading:
        """Server facts, then the key space within its budget.

        `facts` adds to those of `read_server`: `lists` and `sets` (names), `list_lengths` (LLEN by name).
        """
        reading = await read_server(session, book)
        await self._read_keys(session, reading)
        return reading

    async def _read_keys(self, session: RedisSession, reading: BrokerReading) -> None:
        keys = reading.coverage.keys or 0
        found = await scan(session, keys)
        reading.coverage = Coverage(keys=keys, scanned=found.scanned, complete=found.complete)
        at = At(target=session.target.name)
        if found.refused:
            reading.gaps.append(Gap(at, "queues", Texts("scan_refused", {"detail": found.refused})))
        elif not found.complete:
            reading.notices.append(Texts("scan_incomplete", {"scanned": found.scanned, "keys": keys}))
        reading.facts |= {"lists": found.names["list"], "sets": found.names["set"]}
        lengths = await _lengths(session, found.names["list"])
        reading.facts["list_lengths"] = lengths
        reading.queues = [
            QueueRecord(name=name, framework=None, kind="list", ready=length)
            for name, length in lengths.items()
            if length > STRAY_ABOVE
        ]

    async def depths(self, session: RedisSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """LLEN of each list."""
        found = await _lengths(session, [record.name for record in records])
        return {address(record): found.get(record.name) for record in records}

    async def peek(self, session: RedisSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Refuses.

        Raises:
            Unsupported: no layout says what such a list holds.
        """
        raise Unsupported("no_framework_to_peek", target=session.target.name, queue=request.queue)


async def _lengths(session: RedisSession, names: list[str]) -> dict[str, int]:
    replies: list[Any] = []
    for start in range(0, len(names), 5_000):
        replies += await session.run(*(("LLEN", name) for name in names[start : start + 5_000]))
    return {name: int(reply) for name, reply in zip(names, replies, strict=True) if not failed(reply)}


BROKER = RedisBroker()
