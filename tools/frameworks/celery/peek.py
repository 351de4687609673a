"""Looks at messages where they lie: the end of the lists that is consumed next, and what workers hold.

Nothing is consumed or acknowledged. JSON bodies are shown short and redacted, any other body stays closed, and nothing
is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from tools.contract import MessageState, MessageSummary
from tools.errors import Unsupported
from tools.frameworks.celery.layout import Layout, prefix_of
from tools.frameworks.celery.messages import JSON_TYPE, Message, body_of, parse
from tools.frameworks.celery.redis_queues import read_routes
from tools.frameworks.celery.unacked import Kind, read_unacked
from tools.frameworks.celery.wire import Reader, integer, run
from tools.reading import BrokerReading, Peek
from tools.redact import redact_data

# All messages of one call together; what lies beyond is left out.
MOST_BYTES = 8_000_000
MOST_CHARACTERS = 500
MOST_DEPTH = 6
MOST_ITEMS = 50
_KINDS: dict[MessageState, Kind] = {"scheduled": "scheduled", "retry": "retry", "active": "held"}


async def peek(session: Reader, broker: BrokerReading, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` messages.

    `ready`: next to be consumed first, lower priority steps before higher ones. `active`: delivered to a worker and not
    acknowledged, so running ones that acknowledge early are not among them.

    Raises:
        Unsupported: `dead`, which Celery on Redis does not keep.
    """
    if request.state == "dead":
        raise Unsupported("celery_no_dead", target=broker.target.name, queue=request.queue)
    sets = broker.facts.get("sets", [])
    layout = Layout(prefix_of(sets, broker.target.prefix)[0], broker.target.priority_steps)
    if request.state == "ready":
        return await _ready(session, layout, broker, request)
    held = await read_unacked(session, layout, await read_routes(session, layout, sets))
    kind = _KINDS[request.state]
    entries = [e for e in held.entries if e.queue == request.queue and e.kind == kind]
    return [summary(e.message, request.state, e.size_bytes) for e in entries[: request.limit]]


def summary(message: Message | None, state: MessageState, size_bytes: int) -> MessageSummary:
    """One message, redacted; None stands for a list item that is no Celery message."""
    if message is None:
        return MessageSummary(id=None, name=None, state=state, size_bytes=size_bytes, summary="malformed")
    facts: dict[str, Any] = _body(message)
    if message.retries:
        facts["retries"] = message.retries
    if message.eta is not None:
        facts["eta"] = _moment(message.eta)
    if message.expires:
        facts["expires"] = message.expires
    if message.redelivered:
        facts["redelivered"] = True
    said = json.dumps(redact_data(_Shortener().short(facts)), ensure_ascii=False, default=str)
    if len(said) > MOST_CHARACTERS:
        said = f"{said[:MOST_CHARACTERS]}… [+{len(said) - MOST_CHARACTERS}]"
    return MessageSummary(id=message.id, name=message.task, state=state, size_bytes=size_bytes, summary=said)


def _moment(at: float) -> str:
    """A time as people read it; one beyond the calendar as the Unix time that it is."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(at)


@dataclass
class _Shortener:
    """Bounds what the redactor has to read: its time grows with the text, and a message may be megabytes.

    A long text is cut at a blank, so that no half of a secret slips past the redactor's patterns.
    """

    left: int = 4 * MOST_CHARACTERS

    def short(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (list, Mapping)) and (depth >= MOST_DEPTH or self.left <= 0):
            return "…"
        if isinstance(value, Mapping):
            return {self._text(str(k)): self.short(value[k], depth + 1) for k in islice(value, MOST_ITEMS)}
        if isinstance(value, list):
            return [self.short(item, depth + 1) for item in value[:MOST_ITEMS]]
        return value

    def _text(self, value: str) -> str:
        limit = max(0, min(MOST_CHARACTERS, self.left))
        self.left -= min(len(value), limit) + 1
        if len(value) <= limit:
            return value
        kept = value[:limit].rpartition(" ")[0]
        return f"{kept}… [+{len(value) - len(kept)}]"


async def _ready(session: Reader, layout: Layout, broker: BrokerReading, request: Peek) -> list[MessageSummary]:
    found: list[MessageSummary] = []
    size = 0
    places = (layout.queue_of(name) for name in broker.facts.get("lists", []))
    steps = {*layout.steps, *(place[1] for place in places if place and place[0] == request.queue)}
    keys = [layout.key(request.queue, step) for step in sorted(steps)]
    for key, length in zip(keys, await run(session, [("LLEN", key) for key in keys]), strict=True):
        for back in range(1, (integer(length) or 0) + 1):
            # one at a time: a message may be megabytes, and the budget counts before the next one
            if len(found) >= request.limit or size >= MOST_BYTES:
                return found
            (raw,) = await run(session, [("LINDEX", key, -back)])
            if not isinstance(raw, bytes):
                break
            size += len(raw)
            found.append(summary(parse(raw), request.state, len(raw)))
    return found


def _body(message: Message) -> dict[str, Any]:
    """Arguments where the body is JSON; else only what kind of body it is."""
    if message.content_type != JSON_TYPE:
        return {"body": "withheld", "content_type": message.content_type}
    body = body_of(message.envelope)
    if isinstance(body, list) and len(body) >= 2:
        return {"args": body[0], "kwargs": body[1]}
    if isinstance(body, Mapping) and "task" in body:
        return {"args": body.get("args"), "kwargs": body.get("kwargs")}
    return {"body": "malformed" if body is None else body}
