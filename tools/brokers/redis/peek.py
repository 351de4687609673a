"""Looks at entries of a stream and items of a list where they lie: XRANGE, XREVRANGE, XPENDING and LRANGE alone.

Nothing is delivered, acknowledged or moved. One entry is fetched after the other, since each may be megabytes, and no
further one when `MOST_BYTES` came in.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tools.brokers.redis.session import RedisSession, failed, name_of, text
from tools.brokers.redis.streams import after, before, milliseconds, pairs
from tools.contract import MessageState, MessageSummary, QueueRecord
from tools.errors import Forbidden, Unsupported
from tools.payloads import summary_of
from tools.reading import Peek
from tools.redact import redact_data

MOST_BYTES = 8_000_000
MOST_FIELDS = 20
MOST_CHARACTERS = 500


async def peek(session: RedisSession, record: QueueRecord, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages.

    Of a list the two ends in turn, the right one first, since it does not say at which it is consumed; `id` is the
    index as LINDEX takes it. Of a stream `ready` is what the group with most to get gets next (without a group the
    newest), `active` what is pending there, longest first; `id` is the entry's.

    Raises:
        Unsupported: sorted sets, and states that Redis itself has no place for.
        Forbidden: the user may not read the key.
    """
    if record.kind == "list" and request.state == "ready":
        return await _list(session, record, request.limit)
    if record.kind == "stream" and request.state in {"ready", "active"}:
        return await _stream(session, record, request)
    text_ = "redis_no_peek_zset" if record.kind == "zset" else "redis_no_peek_state"
    raise Unsupported(text_, target=session.target.name, queue=request.queue, state=request.state)


async def _list(session: RedisSession, record: QueueRecord, limit: int) -> list[MessageSummary]:
    length = int(await session.one("LLEN", record.name))
    indexes = [-(n // 2) - 1 if n % 2 == 0 else n // 2 for n in range(min(limit, length))]
    found: list[MessageSummary] = []
    size = 0
    for index in indexes:
        if size >= MOST_BYTES:
            break
        reply = await _read(session, "LRANGE", record.name, index, index)
        if not reply:
            break
        body: bytes = reply[0]
        size += len(body)
        found.append(
            MessageSummary(
                id=str(index), name=None, state="ready", size_bytes=len(body), summary=summary_of(body, MOST_CHARACTERS)
            )
        )
    return found


async def _stream(session: RedisSession, record: QueueRecord, request: Peek) -> list[MessageSummary]:
    groups: list[dict[str, Any]] = record.details.get("groups", [])
    if request.state == "active":
        return await _pending(session, record, groups, request)
    group = max(groups, key=lambda g: float("inf") if g["lag"] is None else g["lag"], default=None)
    found: list[MessageSummary] = []
    size, at = 0, "+" if group is None else after(group["last_delivered_id"])
    while len(found) < request.limit and size < MOST_BYTES:
        command = ("XREVRANGE", record.name, at, "-") if group is None else ("XRANGE", record.name, at, "+")
        reply = await _read(session, *command, "COUNT", 1)
        if not reply:
            break
        identity = text(reply[0][0])
        found.append(_entry(identity, reply[0][1], "ready"))
        size += found[-1].size_bytes or 0
        at = before(identity) if group is None else after(identity)
    return found


async def _pending(
    session: RedisSession, record: QueueRecord, groups: list[dict[str, Any]], request: Peek
) -> list[MessageSummary]:
    """Deliveries of all groups; an entry that was trimmed since has no fields any more."""
    found: list[MessageSummary] = []
    size = 0
    for group in (g for g in groups if g["pending"]):
        left = request.limit - len(found)
        rows = await _read(session, "XPENDING", record.name, group["name"], "-", "+", left) if left > 0 else []
        for identity, consumer, idle, times in rows:
            if size >= MOST_BYTES:
                return found
            reply = await _read(session, "XRANGE", record.name, text(identity), text(identity))
            held = {"group": group["name"], "consumer": text(consumer), "idle_s": idle / 1_000, "deliveries": times}
            found.append(_entry(text(identity), reply[0][1] if reply else None, "active", held))
            size += found[-1].size_bytes or 0
    return found


def _entry(identity: str, fields: Any, state: MessageState, held: dict[str, Any] | None = None) -> MessageSummary:
    """One entry; its fields may hold anything, so each value is described like a message's body."""
    document: dict[str, Any] = dict(held or {})
    size = None
    if fields is None:
        document["body"] = "deleted"
    else:
        size = sum(len(part) for part in fields)
        values = list(pairs(fields).items())
        share = max(40, MOST_CHARACTERS // max(1, len(values)))
        document |= {
            summary_of(key.encode("utf-8", "surrogateescape"), 80): summary_of(value, share)
            for key, value in values[:MOST_FIELDS]
        }
        if len(values) > MOST_FIELDS:
            document["…"] = f"+{len(values) - MOST_FIELDS}"
    said = json.dumps(redact_data(document), ensure_ascii=False)
    return MessageSummary(
        id=identity, name=None, state=state, enqueued_at=_moment(identity), size_bytes=size, summary=said
    )


def _moment(identity: str) -> str | None:
    """An id's time where it can be one."""
    try:
        moment = datetime.fromtimestamp(milliseconds(identity) / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment.year >= 2010 else None


async def _read(session: RedisSession, *command: str | int | float | bytes) -> Any:
    """The reply; a key that is of another type by now holds nothing of this kind."""
    reply = (await session.run(command))[0]
    if not failed(reply):
        return reply
    if reply.code in {"WRONGTYPE", "NOGROUP"}:
        return []
    kind = Forbidden if reply.code == "NOPERM" else Unsupported
    raise kind("reply_error", target=session.target.name, call=name_of(command), detail=str(reply))
