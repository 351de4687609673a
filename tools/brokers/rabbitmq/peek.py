"""Looks into messages by taking and returning them, which RabbitMQ does not do for nothing.

`POST /api/queues/VHOST/NAME/get` with `ack_requeue_true` puts every message back, marked as redelivered; for a moment
consumers cannot have it, and it may change its place in a queue that is consumed. So it happens only where the target
says `peek = true`, never on a stream, and never on a quorum queue with a delivery limit: there each look would count as
a failed delivery, and the last one would drop the message.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from tools.brokers.rabbitmq.columns import mapping, number, text
from tools.brokers.rabbitmq.session import RabbitSession, Row
from tools.contract import MessageState, MessageSummary, QueueRecord
from tools.errors import ProtocolMismatch, UnknownQueue, Unsupported
from tools.payloads import summary_of
from tools.reading import BrokerReading, Peek
from tools.redact import redact_data

# Of one payload: the server cuts what is longer, so that a message of megabytes does not travel.
MOST_BYTES = 20_000


async def look(session: RabbitSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages, next to be consumed first; `dead` looks into the queue of the dead letters.

    Raises:
        Unsupported: `peek` is off for the target, another state, a stream, a quorum queue with a delivery limit.
        UnknownQueue: it is gone.
    """
    record = _record(reading, request)
    if request.state == "dead":
        place = record.details.get("dead_letter", {}).get("queue")
        if record.dead is None or place is None:
            raise _unsupported(session, request, "rabbitmq_peek_dead")
        record = _record(reading, Peek(place, "ready", request.limit, record.namespace))
    elif request.state != "ready":
        raise _unsupported(session, request, "rabbitmq_peek_state", state=request.state)
    if record.kind == "stream":
        raise _unsupported(session, request, "rabbitmq_peek_stream")
    limit = record.details.get("settings", {}).get("delivery_limit")
    if record.kind == "quorum" and isinstance(limit, int) and limit >= 0:
        raise _unsupported(session, request, "rabbitmq_peek_limit", limit=limit)
    rows = await session.take_and_return(record.namespace or "/", record.name, request.limit, MOST_BYTES)
    if not isinstance(rows, list):
        raise ProtocolMismatch("rabbitmq_not_api", target=session.target.name, call="POST …/get", detail="no list")
    return [summary(row, request.state) for row in rows[: request.limit] if isinstance(row, dict)]


def summary(row: Row, state: MessageState) -> MessageSummary:
    """One message as the API shows it, redacted."""
    properties = mapping(row.get("properties"))
    headers = mapping(properties.get("headers"))
    size = number(row.get("payload_bytes"))
    body = _body(row)
    facts: dict[str, Any] = {key: row[key] for key in ("exchange", "routing_key") if text(row.get(key))}
    if row.get("redelivered") is True:
        facts["redelivered"] = True
    facts |= {key: value for key in ("content_type", "content_encoding") if (value := text(properties.get(key), 100))}
    if deaths := _deaths(headers):
        facts["deaths"] = deaths
    if size is not None and size > len(body):
        facts["shown_bytes"] = len(body)
    about = json.dumps(redact_data(facts), ensure_ascii=False)
    return MessageSummary(
        id=text(properties.get("message_id")) or text(properties.get("correlation_id")),
        name=text(headers.get("task")) or text(properties.get("type")),
        state=state,
        enqueued_at=_moment(properties.get("timestamp")),
        size_bytes=size,
        summary=f"{summary_of(body)} {about}",
    )


def _record(reading: BrokerReading, request: Peek) -> QueueRecord:
    for record in reading.queues:
        if record.name == request.queue and request.namespace in (None, record.namespace):
            return record
    raise UnknownQueue(queue=request.queue, target=reading.target.name, nearest="-")


def _unsupported(session: RabbitSession, request: Peek, key: str, **facts: object) -> Unsupported:
    return Unsupported(key, target=session.target.name, queue=request.queue, **facts)


def _body(row: Row) -> bytes:
    payload = row.get("payload")
    if not isinstance(payload, str):
        return b""
    if row.get("payload_encoding") == "base64":
        try:
            # The server cuts before it encodes, so what comes is always whole base64.
            return base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return payload.encode("utf-8", "surrogatepass")


def _deaths(headers: Row) -> list[dict[str, Any]]:
    """Why and how often a message died, as the header `x-death` says."""
    deaths = headers.get("x-death")
    return [
        {
            "queue": text(death.get("queue")),
            "reason": text(death.get("reason"), 40),
            "count": number(death.get("count")),
        }
        for death in (deaths[:3] if isinstance(deaths, list) else [])
        if isinstance(death, dict)
    ]


def _moment(timestamp: Any) -> str | None:
    seconds = number(timestamp)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
