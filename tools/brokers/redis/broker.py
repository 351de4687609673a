"""Reads a Redis as a broker: server, memory, persistence, clients and where queues may lie."""

from __future__ import annotations

from typing import Any

from tools.brokers.redis.client import RedisClient
from tools.brokers.redis.keyspace import scan
from tools.brokers.redis.server import read_server
from tools.brokers.redis.session import RedisSession, failed
from tools.contract import At, Coverage
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts
from tools.targets import Target


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
        reading.facts["list_lengths"] = await _lengths(session, found.names["list"])


async def _lengths(session: RedisSession, names: list[str]) -> dict[str, int]:
    replies: list[Any] = []
    for start in range(0, len(names), 5_000):
        replies += await session.run(*(("LLEN", name) for name in names[start : start + 5_000]))
    return {name: int(reply) for name, reply in zip(names, replies, strict=True) if not failed(reply)}


BROKER = RedisBroker()
