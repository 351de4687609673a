"""Streams of the stub: entries that mostly exist only when they are looked at, groups, and what consumers hold.

Replies as Redis 7.2 and Valkey give them; where the stub's INFO tells a server before 7.0, XINFO leaves out what that
did not know yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from tools.brokers.redis import stub_keys
from tools.brokers.redis.session import ReplyError, text
from tools.brokers.redis.stub_keys import KeySpace, encode

Arguments = list[bytes]
Entry = list[Any]
_SMALLEST, _LARGEST = (0, 0), (2**64, 2**64)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StubConsumer(_Part):
    """One consumer; `deliveries` of each entry that it holds."""

    pending: int = 0
    idle_s: float = 1.0
    inactive_s: float | None = None
    deliveries: int = 1


class StubGroup(_Part):
    """One group. `lag` entries were not delivered to it; what its consumers hold was delivered last."""

    lag: int = 0
    consumers: dict[str, StubConsumer] = {}


class StubStream(_Part):
    """One stream; see `tools.brokers.redis.stub`."""

    length: int = 0
    age_s: float = 3_600.0
    growth_per_s: float = 0.0
    entries: list[dict[str, str]] = []
    groups: dict[str, StubGroup] = {}


@dataclass
class Stream:
    """Entries are numbered from 1, the oldest; their ids are spread evenly over `age_s`, later ones over time."""

    given: StubStream
    born: float = field(default_factory=lambda: stub_keys.now())
    born_ms: int = field(default_factory=lambda: int(time.time() * 1_000))

    @property
    def at_first(self) -> int:
        """Entries when it was made."""
        return self.given.length + len(self.given.entries)

    def __len__(self) -> int:
        return self.at_first + int(self.given.growth_per_s * (stub_keys.now() - self.born))

    def id_of(self, number: int) -> tuple[int, int]:
        """Milliseconds and sequence of an entry."""
        first = self.at_first
        if number > first:
            return self.born_ms + int(1_000 * (number - first) / self.given.growth_per_s), number
        span = int(self.given.age_s * 1_000)
        return self.born_ms - span + span * number // max(1, first), number

    def entry(self, number: int) -> Entry:
        """Id and fields, flat."""
        index = number - self.given.length - 1
        plain = {"data": f'{{"n": {number - 1}}}'}
        fields = self.given.entries[index] if 0 <= index < len(self.given.entries) else plain
        return [_id(self.id_of(number)), [encode(part) for pair in fields.items() for part in pair]]

    def delivered(self, group: StubGroup) -> int:
        """The number of the entry that a group got last."""
        return max(0, self.at_first - group.lag)

    def pending(self, group: StubGroup) -> list[tuple[int, str, StubConsumer]]:
        """Number, consumer's name and consumer of each entry that is held, oldest first."""
        number = self.delivered(group) - sum(c.pending for c in group.consumers.values())
        held: list[tuple[int, str, StubConsumer]] = []
        for name, consumer in group.consumers.items():
            held += [(number + n + 1, name, consumer) for n in range(consumer.pending)]
            number += consumer.pending
        return held


def _id(identity: tuple[int, int]) -> bytes:
    return encode(f"{identity[0]}-{identity[1]}")


def _stream(space: KeySpace, name: bytes) -> Stream | None:
    entry = space.get(name)
    if entry is None:
        return None
    if entry.kind != "stream":
        raise ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value")
    stream: Stream = entry.value
    return stream


def _xlen(space: KeySpace, a: Arguments) -> int:
    stream = _stream(space, a[0])
    return len(stream) if stream else 0


def _range(space: KeySpace, a: Arguments) -> list[Entry]:
    return _between(space, a[0], a[1], a[2], a[3:], newest_first=False)


def _reverse(space: KeySpace, a: Arguments) -> list[Entry]:
    return _between(space, a[0], a[2], a[1], a[3:], newest_first=True)


def _between(
    space: KeySpace, name: bytes, low: bytes, high: bytes, options: Arguments, *, newest_first: bool
) -> list[Entry]:
    stream = _stream(space, name)
    if stream is None:
        return []
    limit = int(options[1]) if options else len(stream)
    smallest, largest = _bound(low, 0), _bound(high, 2**64)
    start, stop = _first(stream, smallest), _first(stream, (largest[0], largest[1] + 1)) - 1
    numbers = range(stop, start - 1, -1) if newest_first else range(start, stop + 1)
    return [stream.entry(number) for number in numbers[:limit]]


def _bound(value: bytes, sequence: int) -> tuple[int, int]:
    """An end of a range; `(` leaves it out itself, a bare number of milliseconds stands for all of its ids."""
    if value in {b"-", b"+"}:
        return _SMALLEST if value == b"-" else _LARGEST
    outside = value.startswith(b"(")
    head, _, tail = text(value.lstrip(b"(")).partition("-")
    number = int(tail) if tail else sequence
    return int(head), number + (0 if not outside else (1 if sequence == 0 else -1))


def _first(stream: Stream, identity: tuple[int, int]) -> int:
    """The first entry whose id is not smaller: ids grow with the number."""
    low, high = 1, len(stream) + 1
    while low < high:
        middle = (low + high) // 2
        if stream.id_of(middle) < identity:
            low = middle + 1
        else:
            high = middle
    return low


def _xinfo(space: KeySpace, a: Arguments) -> list[Any]:
    stream = _stream(space, a[1])
    if stream is None:
        raise ReplyError("ERR no such key")
    what = a[0].upper()
    if what == b"STREAM":
        return _about(space, stream)
    if what == b"GROUPS":
        return [_group(space, stream, name, group) for name, group in stream.given.groups.items()]
    if what == b"CONSUMERS":
        return [_consumer(name, c) for name, c in _group_of(stream, a[1], a[2]).consumers.items()]
    raise ReplyError(f"ERR unknown subcommand '{text(a[0])}'")


def _about(space: KeySpace, stream: Stream) -> list[Any]:
    length = len(stream)
    first, last = (stream.entry(1), stream.entry(length)) if length else (None, None)
    found = [b"length", length, b"last-generated-id", last[0] if last else b"0-0", b"groups", len(stream.given.groups),
             b"first-entry", first, b"last-entry", last]  # fmt: skip
    return [*found, b"entries-added", length] if _modern(space) else found


def _group(space: KeySpace, stream: Stream, name: str, group: StubGroup) -> list[Any]:
    delivered = stream.delivered(group)
    found = [
        b"name", encode(name), b"consumers", len(group.consumers), b"pending", len(stream.pending(group)),
        b"last-delivered-id", _id(stream.id_of(delivered)) if delivered else b"0-0",
    ]  # fmt: skip
    return [*found, b"entries-read", delivered, b"lag", len(stream) - delivered] if _modern(space) else found


def _consumer(name: str, consumer: StubConsumer) -> list[Any]:
    inactive = consumer.idle_s if consumer.inactive_s is None else consumer.inactive_s
    return [b"name", encode(name), b"pending", consumer.pending, b"idle", round(consumer.idle_s * 1_000),
            b"inactive", round(inactive * 1_000)]  # fmt: skip


def _xpending(space: KeySpace, a: Arguments) -> list[Any]:
    stream = _stream(space, a[0])
    if stream is None:
        raise _no_group(a[0], a[1])
    group = _group_of(stream, a[0], a[1])
    held = stream.pending(group)
    if len(a) == 2:
        ids = [_id(stream.id_of(number)) for number, _, _ in held]
        counts = [[encode(n), encode(c.pending)] for n, c in group.consumers.items() if c.pending]
        return [len(held), ids[0] if ids else None, ids[-1] if ids else None, counts or None]
    low, high = _bound(a[2], 0), _bound(a[3], 2**64)
    return [
        [_id(stream.id_of(number)), encode(name), round(c.idle_s * 1_000), c.deliveries]
        for number, name, c in held
        if low <= stream.id_of(number) <= high
    ][: int(a[4])]


def _group_of(stream: Stream, key: bytes, name: bytes) -> StubGroup:
    found = next((group for known, group in stream.given.groups.items() if encode(known) == name), None)
    if found is None:
        raise _no_group(key, name)
    return found


def _no_group(key: bytes, name: bytes) -> ReplyError:
    return ReplyError(f"NOGROUP No such key '{text(key)}' or consumer group '{text(name)}'")


def _modern(space: KeySpace) -> bool:
    """Redis 7.0 and newer tell lag and counts of entries."""
    return int(space.info_fields()["redis_version"].partition(".")[0]) >= 7


HANDLERS: dict[str, Callable[[KeySpace, Arguments], Any]] = {
    "XLEN": _xlen,
    "XRANGE": _range,
    "XREVRANGE": _reverse,
    "XINFO": _xinfo,
    "XPENDING": _xpending,
}
