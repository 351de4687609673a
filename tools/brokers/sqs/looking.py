"""Looks at messages, which on SQS means to receive them.

What a look changes, and why the target has to say `peek = true`: each message's receive count grows by one, which
brings it nearer to its dead-letter queue; the time of its first receive is set; and the receive shows up in
CloudWatch. It is never deleted, and with a visibility timeout of 0 it is not hidden. Queues that would move a message
away after so few receives are not looked at even then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tools.brokers.sqs.session import SqsSession
from tools.contract import MessageState, MessageSummary, QueueRecord
from tools.errors import Unsupported
from tools.payloads import summary_of
from tools.reading import BrokerReading, Peek

# With fewer allowed receives, one look may already send a message to the dead-letter queue.
LEAST_RECEIVES = 3
# Of one ReceiveMessage. There is no second one: it might count the same messages again.
MOST = 10


async def look(session: SqsSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages, and at most ten.

    `dead`: of the queue that this one's redrive policy names.

    Raises:
        Unsupported: the target does not allow it, the state cannot be seen, or too few receives are allowed.
    """
    facts: dict[str, Any] = {"target": session.target.name, "queue": request.queue}
    if request.state not in {"ready", "dead"}:
        raise Unsupported("sqs_peek_state", state=request.state, **facts)
    if not session.target.peek:
        raise Unsupported("sqs_peek_off", **facts)
    record = next(r for r in reading.queues if r.name == request.queue)
    if request.state == "dead":
        record = _dead_letter_queue(reading, record, facts)
    redrive = record.details.get("redrive") or {}
    allowed = redrive.get("max_receive_count")
    if redrive and (allowed is None or allowed < LEAST_RECEIVES):
        raise Unsupported("sqs_peek_receives", receives=allowed or 0, least=LEAST_RECEIVES, **facts)
    answer = await session.call(
        "ReceiveMessage",
        QueueUrl=record.details["url"],
        MaxNumberOfMessages=min(request.limit, MOST),
        VisibilityTimeout=0,
        WaitTimeSeconds=1,  # asks all servers of the queue; returns at once when there is a message
        MessageSystemAttributeNames=["All"],
    )
    found = {str(m.get("MessageId")): _summary(m, request.state) for m in answer.get("Messages") or []}
    return list(found.values())


def _dead_letter_queue(reading: BrokerReading, record: QueueRecord, facts: dict[str, Any]) -> QueueRecord:
    arn = (record.details.get("redrive") or {}).get("target_arn")
    found = next((r for r in reading.queues if arn and r.details.get("arn") == arn), None)
    if found is None:
        raise Unsupported("sqs_peek_no_dead", **facts)
    return found


def _summary(message: dict[str, Any], state: MessageState) -> MessageSummary:
    body = str(message.get("Body") or "").encode("utf-8", "surrogateescape")
    attributes = message.get("Attributes") or {}
    said = summary_of(body)
    extra = [
        f"{key}={attributes[name]}"
        for key, name in (("receives", "ApproximateReceiveCount"), ("group", "MessageGroupId"))
        if name in attributes
    ]
    return MessageSummary(
        id=message.get("MessageId"),
        name=None,
        state=state,
        enqueued_at=_moment(attributes.get("SentTimestamp")),
        size_bytes=len(body),
        summary=" ".join([said, *(f"[{e}]" for e in extra)]),
    )


def _moment(milliseconds: object) -> str | None:
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return None
