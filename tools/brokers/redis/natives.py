"""What lies on a Redis as queues of its own: streams, and lists and sorted sets that nothing explains so far.

Frameworks explain theirs afterwards, and `tools.collect` shows nothing twice. So only streams get evidence and gaps of
their own; a list or a sorted set alone does not say what it is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.brokers.redis.evidence import paste, shown, typed
from tools.brokers.redis.session import RedisSession
from tools.brokers.redis.streams import Group, Stream, Streams, after
from tools.contract import At, QueueRecord
from tools.reading import BrokerReading, ConsumerView, Counters, EvidenceBook, Gap, Texts

# Lists and sorted sets that no layout explains, and streams without a group, are only worth a line above this many
# items (contract, queue record).
STRAY_ABOVE = 100
# Sorted sets are mostly something else: rankings, limits.
MOST_ZSETS = 50
MOST_EVIDENCE = 200
MOST_GAPS = 20
# kombu's own, which Celery's reader explains without a record.
_NO_QUEUES = ("unacked_index", "_kombu.binding_deadlines")
# Fields that Redis itself has no place for.
_NEVER = ("scheduled", "retrying", "dead")
# Connections that are no application's: replicas, the primary, monitors, and Sentinel by its name.
_SYSTEM_FLAGS = set("SMO")


def add_lists(session: RedisSession, reading: BrokerReading, book: EvidenceBook) -> None:
    """Records of long lists, from `facts["list_lengths"]`: `ready` is the length."""
    lengths: dict[str, int] = reading.facts["list_lengths"]
    nobody = nobody_connected(reading)
    names = sorted((n for n, length in lengths.items() if length > STRAY_ABOVE), key=lambda n: (-lengths[n], n))
    for name in names:
        consumers = nobody.count if nobody else None
        reading.queues.append(
            QueueRecord(name=name, framework=None, kind="list", ready=lengths[name], consumers=consumers)
        )
        if nobody:
            reading.consumers[name] = nobody
    for name in names[:MOST_EVIDENCE]:
        # A framework sums the lists of a queue, so the length of one is not `queue.ready` yet.
        command = paste(session, f"LLEN {typed(name)}")
        book.add("list.length", f"{session.target.name}/{name}", lengths[name], "items", f"LLEN {shown(name)}", command)
    if names:
        fields = ("in_flight", "oldest_age_s", *(() if nobody else ("consumers",)))
        reading.gaps += _of_each(reading, names, fields, "redis_list")


def add_zsets(session: RedisSession, reading: BrokerReading, sizes: Mapping[str, int], book: EvidenceBook) -> None:
    """Records of the largest sorted sets. How many members wait nobody can tell: `details.members` counts them all."""
    large = [n for n, size in sizes.items() if size > STRAY_ABOVE and not n.endswith(_NO_QUEUES)]
    large.sort(key=lambda name: (-sizes[name], name))
    for name in large[:MOST_ZSETS]:
        reading.queues.append(QueueRecord(name=name, framework=None, kind="zset", details={"members": sizes[name]}))
        command = paste(session, f"ZCARD {typed(name)}")
        book.add(
            "zset.members", f"{session.target.name}/{name}", sizes[name], "members", f"ZCARD {shown(name)}", command
        )
    if large:
        fields = ("ready", "in_flight", "oldest_age_s", "consumers")
        reading.gaps += _of_each(reading, large[:MOST_ZSETS], fields, "redis_zset")


def stream_record(stream: Stream, now: float | None) -> QueueRecord | None:
    """A stream with a group, or a long one: `ready` is the largest group's lag, `in_flight` what all have pending."""
    groups = stream.groups
    if not groups and stream.length <= STRAY_ABOVE:
        return None
    largest = stream.largest
    return QueueRecord(
        name=stream.name,
        framework=None,
        kind="stream",
        ready=largest.lag if largest else None,
        in_flight=_sum([g.pending for g in groups]) if groups else None,
        consumers=_sum([g.consumers for g in groups]) if groups else None,
        oldest_age_s=_age(stream, now),
        details={"length": stream.length, "groups": [g.document() for g in groups or []]},
    )


def add_streams(session: RedisSession, reading: BrokerReading, streams: Streams, book: EvidenceBook) -> None:
    """Records, consumers, counters, evidence and gaps of the streams; `facts["stream_groups"]` by name."""
    now = reading.facts.get("now")
    for stream in streams.found:
        record = stream_record(stream, now)
        if record is None:
            continue
        reading.queues.append(record)
        if stream.groups:
            reading.consumers[stream.name] = _consumers(reading, stream.groups)
        if counters := _counters(stream, reading.facts["info"].get("run_id", "")):
            reading.counters[stream.name] = counters
    reading.facts["stream_groups"] = {s.name: [g.document() for g in s.groups or []] for s in streams.found}
    read = {record.name for record in reading.queues if record.kind == "stream"}
    for stream in (s for s in streams.found[:MOST_EVIDENCE] if s.name in read):
        _evidence(session, stream, now, book)
        reading.gaps += _gaps(reading, stream)
    if streams.left_out:
        reading.coverage.complete = False
        reading.notices.append(Texts("redis_streams_capped", {"count": streams.left_out}))


def add_gaps(reading: BrokerReading) -> None:
    """What no queue of Redis' own can tell, once for all of them."""
    if reading.queues:
        at = At(target=reading.target.name, framework="native")
        reading.gaps += [Gap(at, field, Texts("redis_never")) for field in _NEVER]


def nobody_connected(reading: BrokerReading) -> ConsumerView | None:
    """That nobody can consume, as a fact: not one connection of an application is open on the database.

    None where somebody is connected: a list does not say who takes from it.
    """
    rows = reading.facts.get("clients")
    if rows is None or reading.role != "master":
        return None
    others = [
        row for row in rows
        if row.get("db") == str(reading.target.db)
        and not _SYSTEM_FLAGS & set(row.get("flags", ""))
        and not row.get("name", "").startswith("sentinel-")
    ]  # fmt: skip
    return None if others else ConsumerView(0, "fact", "connections")


def _consumers(reading: BrokerReading, groups: Sequence[Group]) -> ConsumerView:
    """Consumers stay registered when their process is gone, so only their absence is a fact.

    Before Redis 7.2 one that has never got an entry is not registered, so there it takes the connections too.
    """
    count = _sum([g.consumers for g in groups])
    if count != 0:
        return ConsumerView(count, "hypothesis", "registered")
    registers = _version(reading) >= (7, 2) or nobody_connected(reading) is not None
    return ConsumerView(0, "fact" if registers else "hypothesis", "registered")


def _version(reading: BrokerReading) -> tuple[int, ...]:
    parts = reading.facts["info"].get("redis_version", "").split(".")[:2]
    return tuple(int(part) for part in parts if part.isdecimal())


def _counters(stream: Stream, epoch: str) -> Counters | None:
    """Arrived: entries ever added. Completed: read by the largest group, less what it has pending."""
    largest = stream.largest
    added, completed = stream.added, None
    if largest is not None and largest.entries_read is not None:
        completed = largest.entries_read - (largest.pending or 0)
        if added is None and largest.lag is not None:
            added = largest.entries_read + largest.lag
    if added is None or completed is None or largest is None:
        return None
    return Counters(arrived=added, completed=completed, epoch=f"{epoch}/{largest.name}")


def _evidence(session: RedisSession, stream: Stream, now: float | None, book: EvidenceBook) -> None:
    subject, key = f"{session.target.name}/{stream.name}", shown(stream.name)
    groups = paste(session, f"XINFO GROUPS {typed(stream.name)}")
    book.add("stream.length", subject, stream.length, "entries", f"XLEN {key}",
             paste(session, f"XLEN {typed(stream.name)}"))  # fmt: skip
    largest = stream.largest
    if stream.groups is None or largest is None:
        return
    source = f"XINFO GROUPS {key}"
    if largest.lag is not None:
        book.add("queue.ready", subject, largest.lag, "messages", f"{source}: lag of {shown(largest.name)}", groups)
    for metric, what, values in (
        ("queue.in_flight", "pending", [g.pending for g in stream.groups]),
        ("queue.consumers", "consumers", [g.consumers for g in stream.groups]),
    ):
        total = _sum(values)
        if total is not None:
            unit = "messages" if what == "pending" else "consumers"
            book.add(metric, subject, total, unit, f"{source}: {what}", groups)
    if stream.oldest_waiting_ms is not None:
        first = after(largest.last_delivered)
        source = f"TIME - XRANGE {key} {first} + COUNT 1: time in the id"
        command = paste(session, f"XRANGE {typed(stream.name)} {first} + COUNT 1")
        book.add("queue.oldest_age_s", subject, _age(stream, now), "s", source, command)


def _of_each(reading: BrokerReading, names: Sequence[str], fields: Sequence[str], key: str) -> list[Gap]:
    """What is unknown of these queues: by name where they are few, once for all where a page would not hold it."""
    places: Sequence[str | None] = names if len(names) <= MOST_GAPS else [None]
    at = [At(target=reading.target.name, framework="native", queue=name) for name in places]
    return [Gap(place, field, Texts(key)) for place in at for field in fields]


def _gaps(reading: BrokerReading, stream: Stream) -> list[Gap]:
    at = At(target=reading.target.name, framework="native", queue=stream.name)
    if stream.groups is None:
        refused = Texts("redis_stream_refused", {"place": shown(stream.name), "detail": stream.refused})
        return [Gap(at, field, refused) for field in ("ready", "in_flight", "consumers")]
    if not stream.groups:
        text = Texts("redis_stream_without_group")
        return [Gap(at, field, text) for field in ("ready", "in_flight", "consumers")]
    found: list[Gap] = []
    largest = stream.largest
    if largest is not None and largest.lag is None:
        found.append(Gap(at, "ready", Texts("redis_stream_lag", {"group": shown(largest.name)})))
    if largest is not None and largest.lag != 0 and stream.oldest_waiting_ms is None:
        found.append(Gap(at, "oldest_age_s", Texts("redis_stream_age")))
    return found


def _age(stream: Stream, now: float | None) -> float | None:
    """Of the oldest entry that waits, by the server's clock."""
    if stream.oldest_waiting_ms is None or now is None:
        return None
    return max(0.0, round(now - stream.oldest_waiting_ms / 1_000, 3))


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
