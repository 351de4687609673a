"""Reads a Redis as a broker: server, memory, persistence, clients, and what lies on it as queues.

`facts` of a reading, beyond those of `tools.brokers.redis.server` and `.state`: `lists`, `sets`, `streams`, `zsets`,
`hashes` (names of keys; with a `prefix` of the target those under it alone), `partial` (types of which not every name
is known; hashes are given up beyond 50,000), `list_lengths` (LLEN by name), `zset_sizes` (ZCARD by name),
`stream_groups` (groups by stream, as in its record's details) and `now` (the server's clock, Unix seconds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tools.brokers.redis import registries
from tools.brokers.redis.keyspace import Keyspace, scan
from tools.brokers.redis.natives import add_gaps, add_lists, add_streams, add_zsets
from tools.brokers.redis.server import read_server
from tools.brokers.redis.session import Command, RedisSession, RedisTransport, failed
from tools.brokers.redis.streams import pairs, read_streams
from tools.contract import At, Coverage, MessageSummary, QueueRecord, Scalar
from tools.errors import ProtocolMismatch, Unsupported
from tools.reading import BrokerReading, Depths, EvidenceBook, Gap, Peek, Texts, address
from tools.targets import Target

PIPELINE = 5_000


class RedisBroker:
    """Redis and Valkey: one server, Sentinel, or a Cluster."""

    id = "redis"

    async def open(self, target: Target) -> RedisSession:
        """A session; nothing is sent yet.

        Raises:
            Unsupported: the URL names no group of Sentinel, or a database of a Cluster.
        """
        if target.scheme == "redis+stub":
            from tools.brokers.redis.stub import open_stub

            return open_stub(target)
        return RedisSession(_transport(target))

    async def ping(self, session: RedisSession) -> None:
        """One round trip.

        Raises:
            TargetError: unreachable, time-out, wrong password, not Redis.
        """
        with _shapes(session, "PING"):
            await session.one("PING")

    async def read(self, session: RedisSession, book: EvidenceBook) -> BrokerReading:
        """Server facts, then the key space within its budget.

        Raises:
            TargetError: no server answers.
        """
        with _shapes(session, "INFO"):
            reading = await read_server(session, book)
        with _shapes(session, "SCAN"):
            await self._read_keys(session, reading)
        with _shapes(session, "LLEN, ZCARD, XINFO"):
            await self._read_queues(session, reading, book)
        return reading

    async def _read_queues(self, session: RedisSession, reading: BrokerReading, book: EvidenceBook) -> None:
        names = reading.facts
        reading.facts["list_lengths"] = await _counts(session, reading, "LLEN", names["lists"])
        reading.facts["zset_sizes"] = await _counts(session, reading, "ZCARD", names["zsets"])
        streams = await read_streams(session, names["streams"], reading.facts.get("now"))
        if streams.refused:
            _refused(reading, "XLEN", list(streams.refused.values()))
        add_lists(session, reading, book)
        add_streams(session, reading, streams, book)
        add_zsets(session, reading, reading.facts["zset_sizes"], book)
        add_gaps(reading)

    async def _read_keys(self, session: RedisSession, reading: BrokerReading) -> None:
        prefix = reading.target.prefix
        sizes = {node["address"]: node["keys"] or 0 for node in reading.facts.get("nodes", []) if not node["error"]}
        sizes = sizes or {"": reading.coverage.keys or 0}
        found = await scan(session, sizes, prefix)
        if not found.complete:
            await registries.complete(session, found, prefix)
        whole = len(sizes) == len(reading.facts.get("nodes", [0]))
        reading.coverage = Coverage(
            keys=reading.coverage.keys, scanned=found.scanned, complete=found.complete and whole
        )
        _say_coverage(reading, found)
        reading.facts |= {f"{kind}s" if kind != "hash" else "hashes": names for kind, names in found.names.items()}
        reading.facts["partial"] = found.partial

    async def depths(self, session: RedisSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """LLEN of lists, XINFO GROUPS of streams (the largest lag); a sorted set does not tell how many wait."""
        depths: Depths = dict.fromkeys((address(record) for record in records), None)
        readable = [record for record in records if record.kind in _DEPTHS]
        commands: list[Command] = [(*_DEPTHS[record.kind][0], record.name) for record in readable]
        with _shapes(session, "LLEN, XINFO GROUPS"):
            for record, reply in zip(readable, await _run(session, commands), strict=True):
                depths[address(record)] = None if failed(reply) else _DEPTHS[record.kind][1](reply)
        return depths

    async def peek(self, session: RedisSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """See `tools.brokers.redis.peek`.

        Raises:
            Unsupported: sorted sets, and states that Redis has no place for.
        """
        from tools.brokers.redis.peek import peek

        record = next((record for record in reading.queues if record.name == request.queue), None)
        if record is None:
            raise Unsupported("no_framework_to_peek", target=session.target.name, queue=request.queue)
        with _shapes(session, "LRANGE, XRANGE"):
            return await peek(session, record, request)


@contextmanager
def _shapes(session: RedisSession, call: str) -> Iterator[None]:
    """Replies of another shape than Redis gives are the server's fault, whatever they break in here.

    Raises:
        ProtocolMismatch: with what did not fit.
    """
    try:
        yield
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        detail = f"unexpected reply ({type(error).__name__}: {error})"
        raise ProtocolMismatch(target=session.target.name, call=call, detail=detail) from error


def _transport(target: Target) -> RedisTransport:
    if target.scheme == "redis+sentinel":
        from tools.brokers.redis.sentinel import SentinelClient

        return SentinelClient(target)
    if target.scheme == "redis+cluster":
        from tools.brokers.redis.cluster import ClusterClient

        return ClusterClient(target)
    from tools.brokers.redis.client import RedisClient

    return RedisClient(target)


def _largest_lag(reply: Any) -> int | None:
    """Of XINFO GROUPS; None without a group, or where one does not tell (Redis before 7.0)."""
    lags = [pairs(row).get("lag") for row in reply]
    known = [lag for lag in lags if isinstance(lag, int)]
    return max(known) if known and len(known) == len(lags) else None


_DEPTHS: dict[str, tuple[Command, Callable[[Any], int | None]]] = {
    "list": (("LLEN",), int),
    "stream": (("XINFO", "GROUPS"), _largest_lag),
}


def _say_coverage(reading: BrokerReading, found: Keyspace) -> None:
    at = At(target=reading.target.name)
    if found.refused:
        reading.gaps.append(Gap(at, "queues", Texts("scan_refused", {"detail": found.refused})))
    elif not found.complete:
        facts: dict[str, Scalar] = {"scanned": found.scanned, "keys": reading.coverage.keys}
        reading.notices.append(Texts("scan_incomplete", facts))


async def _counts(session: RedisSession, reading: BrokerReading, command: str, names: Sequence[str]) -> dict[str, int]:
    """LLEN or ZCARD by name; what the server refuses is left out, and said."""
    replies = await _run(session, [(command, name) for name in names])
    refused = [str(reply) for reply in replies if failed(reply) and reply.code != "WRONGTYPE"]
    if refused:
        _refused(reading, command, refused)
    return {name: int(reply) for name, reply in zip(names, replies, strict=True) if not failed(reply)}


def _refused(reading: BrokerReading, command: str, errors: Sequence[str]) -> None:
    at = At(target=reading.target.name)
    facts: dict[str, Scalar] = {"command": command, "acl": command.lower(), "count": len(errors), "detail": errors[0]}
    reading.gaps.append(Gap(at, "queues", Texts("redis_keys_refused", facts)))
    reading.coverage.complete = False


async def _run(session: RedisSession, commands: Sequence[Command]) -> list[Any]:
    replies: list[Any] = []
    for start in range(0, len(commands), PIPELINE):
        replies += await session.run(*commands[start : start + PIPELINE])
    return replies


BROKER = RedisBroker()
