"""Streams as queues: what each consumer group still has to get, what it has in hand, and who its consumers are.

From XINFO GROUPS and XINFO CONSUMERS (https://redis.io/docs/latest/commands/xinfo-groups/). Since Redis 7.0 a group
tells its `lag` (entries not delivered to it yet) and `entries-read`; before, and where entries were deleted in between,
the lag is worked out where that is certain (nothing delivered, everything delivered, or fewer than `MOST_COUNTED` to
count) and unknown elsewhere. `idle` is the time since a consumer asked last; before Redis 7.2 one that waits in vain
does not count as asking, and only 7.2 tells `inactive`, the time since it got something last.

A record's `details`: `length` (XLEN), `groups`, each `name`, `lag`, `pending`, `consumers` (how many), `entries_read`,
`last_delivered_id`, `members` (at most 20, most pending first: `name`, `pending`, `idle_s`, `inactive_s`) and
`oldest_pending` (at most 10 deliveries: `id`, `consumer`, `idle_s`, `deliveries`). Groups have the last two only in the
200 largest streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.brokers.redis.session import Command, RedisSession, failed, text

PIPELINE = 2_000
# Streams whose groups are read, and those that are looked into closely; the longest first.
MOST_STREAMS = 10_000
MOST_DETAILED = 200
MOST_GROUPS = 100
MOST_MEMBERS = 20
MOST_PENDING = 10
# Entries that are fetched to be counted where the server does not tell the lag, and their size on average.
MOST_COUNTED = 1_000
LARGEST_COUNTED_BYTES = 2_000
MOST_COUNTS = 20
# XINFO STREAM and XRANGE give whole entries: not of streams whose entries are larger than this on average.
LARGEST_LOOK_BYTES = 1_000_000
_LAST = 2**64 - 1


@dataclass
class Group:
    """One consumer group; None is unknown."""

    name: str
    pending: int | None
    lag: int | None
    consumers: int | None
    entries_read: int | None
    last_delivered: str
    members: list[dict[str, Any]] = field(default_factory=list)
    oldest_pending: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """For `details`."""
        return {
            "name": self.name, "lag": self.lag, "pending": self.pending, "consumers": self.consumers,
            "entries_read": self.entries_read, "last_delivered_id": self.last_delivered,
            "members": self.members, "oldest_pending": self.oldest_pending,
        }  # fmt: skip


@dataclass
class Stream:
    """One stream; `groups` None where they could not be read. Times in Unix milliseconds."""

    name: str
    length: int
    groups: list[Group] | None = field(default_factory=list)
    added: int | None = None
    entry_bytes: float | None = None
    oldest_waiting_ms: int | None = None
    refused: str | None = None

    @property
    def largest(self) -> Group | None:
        """The group with most to get; of those whose lag is unknown the first, since it may have more."""
        groups = self.groups or []
        return max(groups, key=lambda g: float("inf") if g.lag is None else g.lag, default=None)


@dataclass
class Streams:
    """All that were read; `left_out` are streams beyond `MOST_STREAMS`, `refused` what the server said instead."""

    found: list[Stream] = field(default_factory=list)
    left_out: int = 0
    refused: dict[str, str] = field(default_factory=dict)


async def read_streams(session: RedisSession, names: Sequence[str], now: float | None) -> Streams:
    """The streams with their groups, longest first; no more than the caps above.

    Args:
        now: of the server's clock, Unix seconds, for plausible ages.
    """
    streams = Streams()
    for name, reply in zip(names, await _run(session, [("XLEN", name) for name in names]), strict=True):
        if failed(reply):
            streams.refused[name] = str(reply)
        else:
            streams.found.append(Stream(name, int(reply)))
    streams.found.sort(key=lambda s: (-s.length, s.name))
    streams.left_out = max(0, len(streams.found) - MOST_STREAMS)
    del streams.found[MOST_STREAMS:]
    replies = await _run(session, [("XINFO", "GROUPS", s.name) for s in streams.found])
    for stream, reply in zip(streams.found, replies, strict=True):
        if failed(reply):
            stream.groups, stream.refused = None, str(reply)
        else:
            stream.groups = [_group(pairs(row)) for row in reply[:MOST_GROUPS]]
    await _detail(session, streams.found[:MOST_DETAILED], now)
    return streams


def pairs(reply: Any) -> dict[str, Any]:
    """A flat list of names and values as a mapping."""
    if isinstance(reply, Mapping):
        return {text(key): value for key, value in reply.items()}
    return {text(key): value for key, value in zip(reply[::2], reply[1::2], strict=False)}


def milliseconds(identity: str) -> int:
    """The time in an entry's id, `<milliseconds>-<sequence>`; an id that a producer made up may hold anything."""
    return int(identity.partition("-")[0] or 0)


def order(identity: str) -> tuple[int, int]:
    """An entry's id as something to compare."""
    head, _, tail = identity.partition("-")
    return int(head or 0), int(tail or 0)


def after(identity: str) -> str:
    """The next id there can be: exclusive ranges exist only since Redis 6.2."""
    head, tail = order(identity)
    return f"{head}-{tail + 1}" if tail < _LAST else f"{head + 1}-0"


def before(identity: str) -> str:
    """The last id that is smaller; that of nothing for the smallest."""
    head, tail = order(identity)
    return f"{head}-{tail - 1}" if tail else f"{max(0, head - 1)}-{_LAST if head else 0}"


def _group(row: Mapping[str, Any]) -> Group:
    return Group(
        name=text(row.get("name", b"")),
        pending=_count(row.get("pending")),
        lag=_count(row.get("lag")),
        consumers=_count(row.get("consumers")),
        entries_read=_count(row.get("entries-read")),
        last_delivered=text(row.get("last-delivered-id", b"0-0")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


async def _detail(session: RedisSession, streams: Sequence[Stream], now: float | None) -> None:
    """Ends of the streams, lags that the server does not tell, consumers, and what has been pending longest."""
    await _ends(session, streams)
    await _count_lags(session, streams)
    await _waiting_since(session, streams, now)
    groups = [(s, g) for s in streams for g in s.groups or []][: 2 * MOST_DETAILED]
    await _members(session, [(s, g) for s, g in groups if g.consumers != 0])
    await _pending(session, [(s, g) for s, g in groups if g.pending])


async def _ends(session: RedisSession, streams: Sequence[Stream]) -> None:
    sizes = await _run(session, [("MEMORY", "USAGE", s.name, "SAMPLES", 1) for s in streams])
    for stream, size in zip(streams, sizes, strict=True):
        if isinstance(size, int):
            stream.entry_bytes = size / max(1, stream.length)
    looked_at = [s for s in streams if _small(s, LARGEST_LOOK_BYTES)]
    replies = await _run(session, [("XINFO", "STREAM", s.name) for s in looked_at])
    for stream, reply in zip(looked_at, replies, strict=True):
        if failed(reply):
            continue
        row = pairs(reply)
        stream.added = _count(row.get("entries-added"))
        for group in stream.groups or []:
            if group.lag is None:
                group.lag = _certain_lag(stream, group, row)


def _certain_lag(stream: Stream, group: Group, row: Mapping[str, Any]) -> int | None:
    """Where nothing or everything was delivered; ids only grow, so comparing them is enough."""
    first, last = row.get("first-entry"), row.get("last-entry")
    if stream.length == 0 or not last:
        return 0
    if order(group.last_delivered) >= order(text(last[0])):
        return 0
    return stream.length if first and order(group.last_delivered) < order(text(first[0])) else None


async def _count_lags(session: RedisSession, streams: Sequence[Stream]) -> None:
    open_ = [(s, g) for s in streams for g in s.groups or [] if g.lag is None and _small(s, LARGEST_COUNTED_BYTES)]
    for stream, group in open_[:MOST_COUNTS]:
        command = ("XRANGE", stream.name, after(group.last_delivered), "+", "COUNT", MOST_COUNTED)
        reply = (await session.run(command))[0]
        if not failed(reply) and len(reply) < MOST_COUNTED:
            group.lag = len(reply)


async def _waiting_since(session: RedisSession, streams: Sequence[Stream], now: float | None) -> None:
    """When the oldest entry that the largest group still has to get was added, by its id."""
    waiting = [(s, g) for s in streams if (g := s.largest) and g.lag and _small(s, LARGEST_LOOK_BYTES)]
    commands: list[Command] = [("XRANGE", s.name, after(g.last_delivered), "+", "COUNT", 1) for s, g in waiting]
    for (stream, _), reply in zip(waiting, await _run(session, commands), strict=True):
        if failed(reply) or not reply or now is None:
            continue
        at = milliseconds(text(reply[0][0]))
        # A clock: not before 2010, and not ahead of the server's own.
        if 1_262_304_000_000 < at < 1_000 * (now + 60):
            stream.oldest_waiting_ms = at


async def _members(session: RedisSession, groups: Sequence[tuple[Stream, Group]]) -> None:
    replies = await _run(session, [("XINFO", "CONSUMERS", s.name, g.name) for s, g in groups])
    for (_, group), reply in zip(groups, replies, strict=True):
        rows = [] if failed(reply) else [pairs(row) for row in reply]
        rows.sort(key=lambda row: -(row.get("pending") or 0))
        group.members = [
            {
                "name": text(row.get("name", b"")),
                "pending": _count(row.get("pending")),
                "idle_s": _seconds(row.get("idle")),
                "inactive_s": _seconds(row.get("inactive")),
            }
            for row in rows[:MOST_MEMBERS]
        ]


async def _pending(session: RedisSession, groups: Sequence[tuple[Stream, Group]]) -> None:
    """The deliveries with the smallest ids that nobody acknowledged."""
    commands: list[Command] = [("XPENDING", s.name, g.name, "-", "+", MOST_PENDING) for s, g in groups]
    for (_, group), reply in zip(groups, await _run(session, commands), strict=True):
        rows = [] if failed(reply) else reply
        group.oldest_pending = [
            {"id": text(i), "consumer": text(who), "idle_s": _seconds(idle), "deliveries": times}
            for i, who, idle, times in rows
        ]


def _small(stream: Stream, most: int) -> bool:
    return stream.length == 0 or (stream.entry_bytes is not None and stream.entry_bytes < most)


def _seconds(milliseconds: Any) -> float | None:
    """XINFO says -1 for a consumer that never got anything."""
    return round(milliseconds / 1_000, 3) if isinstance(milliseconds, int) and milliseconds >= 0 else None


async def _run(session: RedisSession, commands: Sequence[Command]) -> list[Any]:
    replies: list[Any] = []
    for start in range(0, len(commands), PIPELINE):
        replies += await session.run(*commands[start : start + PIPELINE])
    return replies
