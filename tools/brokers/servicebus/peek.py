"""Looks at messages where they lie, and says plainly where that is impossible without taking a lock."""

from __future__ import annotations

import json
import time
from typing import Any

from tools.brokers.servicebus.records import Place
from tools.brokers.servicebus.session import PeekCall, Peeked, ServiceBusSession
from tools.contract import MessageState, MessageSummary
from tools.errors import UnknownQueue, Unsupported
from tools.payloads import summary_of
from tools.reading import BrokerReading, Peek
from tools.redact import redact
from tools.untrusted import clean

# Peeked messages come in order of their sequence numbers and in every state: so many are looked through.
MOST_PEEKED = 250
PAGE = 100
MOST_BYTES = 8_000_000
# No further page is asked for after this many seconds.
PEEK_BEFORE_S = 3.0
MOST_TEXT = 200
_WANTED = {"ready": "active", "scheduled": "scheduled", "dead": "active"}


async def peek(session: ServiceBusSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages of that state.

    `ready` leaves deferred and scheduled ones out; one that a receiver has locked cannot be told from one that waits.
    `dead` looks into the dead-letter queue behind the queue or subscription.

    Raises:
        Unsupported: a topic, a state that Service Bus does not have, an entity that requires sessions, or none of
            that state among the first messages.
        TargetError: of the connection.
    """
    place = reading.facts["places"].get(request.queue)
    if place is None:
        raise UnknownQueue(queue=request.queue, target=session.target.name, nearest="-")
    call = _call(session, reading, place, request)
    if call is None:
        return []
    found: list[MessageSummary] = []
    sequence = looked = size = 0
    started = time.monotonic()
    while looked < MOST_PEEKED and size < MOST_BYTES and time.monotonic() - started < PEEK_BEFORE_S:
        # The first page may do; where others stand in between, fewer and larger ones are kinder to the service.
        count = PAGE if looked else request.limit
        page = await session.transport.peek(
            PeekCall(call.entity, call.subscription, call.sub_queue, sequence + 1, count)
        )
        wanted = [message for message in page if message.state == _WANTED[request.state]]
        found += [summary(message, request.state) for message in wanted]
        looked, size = looked + len(page), size + sum(len(message.body) for message in page)
        if not page or len(found) >= request.limit or page[-1].sequence <= sequence:
            return found[: request.limit]
        sequence = page[-1].sequence
    if not found:
        raise Unsupported("servicebus_peek_far", target=session.target.name, queue=request.queue, looked=looked)
    return found


def summary(message: Peeked, state: MessageState) -> MessageSummary:
    """One message, redacted."""
    facts: dict[str, Any] = {
        "body": summary_of(message.body),
        "delivery_count": message.delivery_count,
        "session_id": _short(message.session_id),
        "scheduled_for": message.scheduled_at,
        "dead_letter_reason": _short(message.dead_letter_reason),
        "dead_letter_description": _short(message.dead_letter_description),
        "dead_letter_source": _short(message.dead_letter_source),
    }
    said = json.dumps({key: value for key, value in facts.items() if value not in (None, "")}, ensure_ascii=False)
    return MessageSummary(
        id=_short(message.message_id),
        name=_short(message.subject),
        state=state,
        enqueued_at=message.enqueued_at,
        size_bytes=len(message.body),
        summary=said,
    )


def _call(session: ServiceBusSession, reading: BrokerReading, place: Place, request: Peek) -> PeekCall | None:
    """Where to look; None where there can be nothing."""
    target, sub_queue = session.target.name, place.sub_queue
    if request.state not in _WANTED:
        raise Unsupported("servicebus_no_state", target=target, queue=request.queue, state=request.state)
    if place.kind == "topic":
        raise Unsupported("servicebus_topic", target=target, queue=request.queue)
    if sub_queue and request.state != "ready":
        return None
    if request.state == "scheduled" and place.kind == "subscription":
        raise Unsupported("servicebus_topic_scheduled", target=target, queue=request.queue, topic=place.entity)
    if request.state == "dead":
        sub_queue = "deadletter"
    if sub_queue is None and place.name in reading.facts["sessions"]:
        raise Unsupported("servicebus_peek_session", target=target, queue=request.queue)
    return PeekCall(place.entity, place.subscription, sub_queue)


def _short(text: str | None) -> str | None:
    return clean(redact(text[: 2 * MOST_TEXT]), MOST_TEXT) if text is not None else None
