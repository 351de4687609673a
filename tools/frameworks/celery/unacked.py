"""What workers hold: messages delivered and not acknowledged, in the hash `unacked`.

That is everything prefetched, running tasks that acknowledge late, and tasks that wait in a worker for their time (ETA,
countdown, retry). A running task that acknowledges early (Celery's default) stands in neither list nor hash.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tools.frameworks.celery.layout import Layout, Routes
from tools.frameworks.celery.messages import Message, parse
from tools.frameworks.celery.wire import Reader, integer, items, paste, run, text, typed
from tools.reading import BrokerReading, EvidenceBook

MOST_READ = 10_000
# Bytes of one HSCAN reply, and of all: messages may be megabytes each.
STEP_BYTES = 2_000_000
MOST_BYTES = 32_000_000

Kind = Literal["held", "scheduled", "retry"]


@dataclass(frozen=True)
class Entry:
    """One unacknowledged message."""

    tag: str
    queue: str
    message: Message
    size_bytes: int

    @property
    def kind(self) -> Kind:
        """`scheduled` and `retry` wait in a worker for their time; `held` is prefetched or running."""
        if self.message.waits_for_retry:
            return "retry"
        return "held" if self.message.eta is None else "scheduled"


@dataclass
class Unacked:
    """The hash as read.

    Attributes:
        total: its length; None when the server refused it.
        entries: at most 10,000 messages, or 32 MB of them.
        read_at, read_monotonic: just before the first entry was read.
        oldest_s: seconds since the first of them was delivered, by the clock of its worker.
        unreadable: entries that are no message.
    """

    total: int | None
    entries: list[Entry] = field(default_factory=list)
    oldest_s: float | None = None
    unreadable: int = 0
    read_at: float = field(default_factory=time.time)
    read_monotonic: float = field(default_factory=time.monotonic)
    refused: str | None = None

    @property
    def complete(self) -> bool:
        """Every entry was looked at."""
        return self.total is not None and self.read >= self.total

    @property
    def read(self) -> int:
        """Entries looked at."""
        return len(self.entries) + self.unreadable

    def eta(self, busy: frozenset[str] = frozenset()) -> tuple[int, int]:
        """Entries whose time is to come, and whose time has come though no worker has them in its hands (`busy`)."""
        later = sum(1 for e in self.entries if (e.message.eta or 0) > self.read_at)
        due = (e for e in self.entries if e.message.eta is not None and e.message.eta <= self.read_at)
        return later, sum(1 for e in due if e.message.id not in busy)

    def by_queue(self) -> dict[str, dict[str, int]]:
        """`{queue: {"total", "eta", "retries"}}`: all, with a time to come, with at least one retry behind them."""
        found: dict[str, dict[str, int]] = {}
        for entry in self.entries:
            row = found.setdefault(entry.queue, {"total": 0, "eta": 0, "retries": 0})
            row["total"] += 1
            row["eta"] += (entry.message.eta or 0) > self.read_at
            row["retries"] += entry.message.retries > 0
        return found

    def grouped(self, busy: frozenset[str] = frozenset()) -> dict[str, dict[Kind, list[Entry]]]:
        """Entries by queue and kind; one that a worker has in its hands (`busy`) is held, whatever it waited for."""
        found: dict[str, dict[Kind, list[Entry]]] = {}
        for entry in self.entries:
            kind = self.kind_of(entry, busy)
            found.setdefault(entry.queue, {"held": [], "scheduled": [], "retry": []})[kind].append(entry)
        return found

    @staticmethod
    def kind_of(entry: Entry, busy: frozenset[str]) -> Kind:
        """The kind, given what the workers have in their hands."""
        return "held" if entry.message.id in busy else entry.kind


async def read_unacked(session: Reader, layout: Layout, routes: Routes) -> Unacked:
    """The hash and its index, bounded."""
    total, size, index = await run(
        session,
        [
            ("HLEN", layout.unacked),
            ("MEMORY", "USAGE", layout.unacked),
            ("ZRANGE", layout.unacked_index, 0, 0, "WITHSCORES"),
        ],
    )
    found = Unacked(integer(total), refused=None if integer(total) is not None else str(total))
    if not found.total:
        return found
    found.oldest_s = _age(items(index), found.read_at)
    average = max(1, (integer(size) or 0) // found.total)
    async for tag, raw in _scan(session, layout.unacked, max(1, min(1_000, STEP_BYTES // average))):
        entry = entry_of(tag, raw, routes)
        if entry is None:
            found.unreadable += 1
        else:
            found.entries.append(entry)
    return found


def entry_of(tag: str, raw: bytes, routes: Routes) -> Entry | None:
    """One field of the hash: `[message, exchange, routing key]`."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, list) or len(document) != 3 or (message := parse(document[0])) is None:
        return None
    exchange, routing_key = (v if isinstance(v, str) else "" for v in document[1:])
    return Entry(tag, routes.queue_for(exchange, routing_key), message, len(raw))


async def still_there(session: Reader, layout: Layout, tags: list[str]) -> list[str]:
    """Those of the delivery tags that are unacknowledged still."""
    if not tags:
        return []
    replies = await run(session, [("HSTRLEN", layout.unacked, tag) for tag in tags])
    return [tag for tag, reply in zip(tags, replies, strict=True) if integer(reply)]


def record(unacked: Unacked, layout: Layout, broker: BrokerReading, book: EvidenceBook) -> None:
    """Total, waiting and oldest as evidence."""
    name, db, key = broker.target.name, broker.target.db, typed(layout.unacked)
    if unacked.total is None:
        return
    book.add("unacked.total", name, unacked.total, "messages", f"HLEN {layout.unacked}", paste(db, f"HLEN {key}"))
    if unacked.total:
        source = f"HSCAN {layout.unacked}: headers.eta of {unacked.read}"
        book.add("unacked.eta", name, unacked.eta()[0], "messages", source, paste(db, f"HSCAN {key} 0"))
    if unacked.oldest_s is not None:
        source = f"ZRANGE {layout.unacked_index} 0 0 WITHSCORES"
        book.add("unacked.oldest_s", name, unacked.oldest_s, "s", source,
                 paste(db, f"ZRANGE {typed(layout.unacked_index)} 0 0 WITHSCORES"))  # fmt: skip


async def _scan(session: Reader, key: str, count: int) -> AsyncIterator[tuple[str, bytes]]:
    seen: set[str] = set()
    cursor, size = 0, 0
    while len(seen) < MOST_READ and size < MOST_BYTES:
        (reply,) = await run(session, [("HSCAN", key, cursor, "COUNT", count)])
        page = items(reply)
        if len(page) != 2:
            return
        for tag, raw in _pairs(items(page[1])):
            if tag not in seen and len(seen) < MOST_READ:
                seen.add(tag)
                size += len(raw)
                yield tag, raw
        cursor = int(page[0])
        if cursor == 0:
            return


def _pairs(flat: list[Any]) -> Iterator[tuple[str, bytes]]:
    for tag, raw in zip(flat[::2], flat[1::2], strict=False):
        yield text(tag), raw if isinstance(raw, bytes) else str(raw).encode()


def _age(index: list[Any], now: float) -> float | None:
    if len(index) != 2:
        return None
    try:
        return round(max(0.0, now - float(index[1])), 1)
    except ValueError:
        return None
