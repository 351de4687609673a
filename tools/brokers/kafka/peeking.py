"""Which messages a peek shows: those that the largest group reads next, else the newest of the topic.

Kafka's reads change nothing, so no permission of the target is needed. A log has no other state than waiting: what a
group holds, delays or gave up on is known to its consumers alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tools.brokers.kafka.session import KafkaSession, Record, Spot
from tools.contract import MessageSummary
from tools.errors import Unsupported
from tools.payloads import summary_of
from tools.reading import BrokerReading, Peek
from tools.redact import redact
from tools.untrusted import clean

MOST_KEY = 80
MOST_HEADERS = 10


async def peek(session: KafkaSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages, oldest first.

    Raises:
        Unsupported: another state than `ready`.
        TargetError: no message could be read.
    """
    if request.state != "ready":
        raise Unsupported("kafka_state", target=session.target.name, queue=request.queue, state=request.state)
    places = places_of(reading.facts, request.queue, request.limit)
    if not places:
        return []
    records = await session.ask.fetch(places)
    records.sort(key=lambda r: (r.timestamp_ms or 0, r.partition, r.offset))
    return [summary(record) for record in records[: request.limit]]


def places_of(facts: Mapping[str, Any], topic: str, limit: int) -> dict[Spot, tuple[int, int]]:
    """From which offset on how many messages are read, by partition: evenly, from those where most are waiting."""
    group = facts["largest"].get(topic)
    committed = facts["committed"].get(group, {}).get(topic, {}) if group is not None else {}
    waiting: dict[int, tuple[int, int]] = {}
    for number, one in facts["partitions"].get(topic, {}).items():
        start, end = one["start"], one["end"]
        if start is None or end is None or one["leader"] is None:
            continue
        first = max(start, end - limit) if group is None else max(start, committed.get(number, start))
        if first < end:
            waiting[number] = (first, end - first)
    chosen = sorted(waiting, key=lambda n: (-waiting[n][1], n))[:limit]
    shares = _shares({n: waiting[n][1] for n in chosen}, limit)
    if group is None:
        # the last ones of each share
        return {(topic, n): (sum(waiting[n]) - shares[n], shares[n]) for n in chosen}
    return {(topic, n): (waiting[n][0], shares[n]) for n in chosen}


def _shares(waiting: Mapping[int, int], limit: int) -> dict[int, int]:
    shares = dict.fromkeys(waiting, 0)
    while (left := limit - sum(shares.values())) > 0:
        open_ones = [n for n in shares if shares[n] < waiting[n]]
        if not open_ones:
            break
        for n in open_ones[:left]:
            shares[n] += 1
    return shares


def summary(record: Record) -> MessageSummary:
    """One message, redacted: `{"key": …, "headers": [names]}` before the body where it has them."""
    extra: dict[str, Any] = {}
    if record.key is not None:
        extra["key"] = _name(record.key.decode("utf-8", "replace"))
    if record.headers:
        extra["headers"] = [_name(name) for name in record.headers[:MOST_HEADERS]]
    body = "null (tombstone)" if record.value is None else summary_of(record.value)
    said = f"{json.dumps(extra, ensure_ascii=False)} {body}" if extra else body
    return MessageSummary(
        id=f"{record.partition}/{record.offset}",
        name=None,
        state="ready",
        enqueued_at=_moment(record.timestamp_ms),
        size_bytes=len(record.value or b"") + len(record.key or b""),
        summary=said,
    )


def _name(text: str) -> str:
    return redact(clean(text, MOST_KEY))


def _moment(milliseconds: int | None) -> str | None:
    """ISO 8601 in UTC; None for what no calendar holds: producers may write any number."""
    try:
        return None if milliseconds is None else _iso(milliseconds / 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
