"""How much of the key space is results: by sampling random keys, because counting would cost a scan.

Celery keeps a result in `<prefix of the backend>celery-task-meta-<task id>` (`celery/backends/redis.py`), by default
for a day. The backend's own prefix is not known, so the name is looked for anywhere in the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.frameworks.celery.layout import REPLY_QUEUE
from tools.frameworks.celery.wire import Command, Reader, integer, paste, run, text
from tools.reading import BrokerReading, EvidenceBook

SAMPLE = 500
RESULT_KEY = "celery-task-meta-"
# Reply queues whose time to live is looked at; there may be a hundred thousand.
MOST_REPLY_QUEUES = 2_000


@dataclass(frozen=True)
class Results:
    """Of a sample of random keys (with repetition).

    Attributes:
        sampled: keys drawn.
        found: results among them.
        estimated: results in the whole database, from the share.
        without_ttl: results in the whole database that never expire, from the share.
        average_bytes: MEMORY USAGE of the results found.
    """

    sampled: int
    found: int
    estimated: int
    without_ttl: int
    average_bytes: float


@dataclass(frozen=True)
class ReplyQueues:
    """Lists that hold replies to control commands; `without_ttl` among the first 2,000."""

    count: int
    without_ttl: int


async def read_results(session: Reader, keys: int | None) -> Results | None:
    """A sample of the key space; None when RANDOMKEY was refused or the size is unknown."""
    if keys is None:
        return None
    if keys == 0:
        return Results(0, 0, 0, 0, 0.0)
    drawn = await run(session, [("RANDOMKEY",)] * SAMPLE)
    names = [text(reply) for reply in drawn if isinstance(reply, bytes)]
    if not names:
        return None
    hits = [name for name in names if RESULT_KEY in name]
    distinct = sorted(set(hits))
    commands: list[Command] = [c for name in distinct for c in (("PTTL", name), ("MEMORY", "USAGE", name))]
    replies = await run(session, commands)
    forever = {name for name, ttl in zip(distinct, replies[::2], strict=True) if ttl == -1}
    sizes = [size for reply in replies[1::2] if (size := integer(reply)) is not None]
    return Results(
        sampled=len(names),
        found=len(hits),
        estimated=round(keys * len(hits) / len(names)),
        without_ttl=round(keys * sum(1 for name in hits if name in forever) / len(names)),
        average_bytes=round(sum(sizes) / len(sizes), 1) if sizes else 0.0,
    )


async def read_reply_queues(session: Reader, lists: list[str]) -> ReplyQueues:
    """Counts the reply queues among the lists of the database."""
    names = [name for name in lists if name.endswith(REPLY_QUEUE)]
    looked_at = names[:MOST_REPLY_QUEUES]
    ttls = await run(session, [("PTTL", name) for name in looked_at])
    return ReplyQueues(count=len(names), without_ttl=sum(1 for ttl in ttls if ttl == -1))


def record(results: Results | None, replies: ReplyQueues, broker: BrokerReading, book: EvidenceBook) -> None:
    """The estimates as evidence, where there is anything."""
    name, db = broker.target.name, broker.target.db
    rows: list[tuple[str, Any, str, str]] = []
    if results and results.found:
        source = f"RANDOMKEY × {results.sampled} of DBSIZE {broker.coverage.keys}"
        rows.append(("results.estimated", results.estimated, f"{source}: *{RESULT_KEY}*", "RANDOMKEY"))
        rows.append(("results.without_ttl", results.without_ttl, f"{source}: PTTL -1", "RANDOMKEY"))
    if replies.count:
        command = f"--scan --pattern '*{REPLY_QUEUE}'"
        rows.append(("reply_queues.count", replies.count, f"SCAN TYPE list: *{REPLY_QUEUE}", command))
    for metric, value, source, command in rows:
        book.add(metric, name, value, "keys", source, paste(db, command))
