"""A kombu message as Celery writes it: JSON around a base64 body. Fields of any wrong type are treated as absent.

Nothing is unpickled: a body that is not JSON stays closed.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

JSON_TYPE = "application/json"
# Characters of an id or a name: a real one is far shorter, a forged one may be megabytes.
MOST_NAME = 500


@dataclass(frozen=True)
class Message:
    """One task message.

    Attributes:
        eta: Unix time in seconds; None for a task that may run at once.
        redelivered: it was given back by a worker once (kombu sets it, without a count).
        envelope: the message as it was, for the body.
    """

    id: str | None = None
    task: str | None = None
    retries: int = 0
    eta: float | None = None
    expires: str | None = None
    redelivered: bool = False
    content_type: str | None = None
    envelope: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def waits_for_retry(self) -> bool:
        """A retry that was published with a time to run at."""
        return self.retries > 0 and self.eta is not None


def looks_like_message(raw: object) -> bool:
    """Whether a list item is a kombu message: the three parts and a delivery tag."""
    document = _object(raw)
    properties = document.get("properties")
    return {"body", "headers"} <= document.keys() and isinstance(properties, dict) and "delivery_tag" in properties


def parse(raw: object) -> Message | None:
    """A message from its JSON text (or its parsed form); None when it is no message at all.

    Task protocol 2 keeps its fields in the headers, protocol 1 in the body (Celery, "Message Protocol").
    """
    envelope = _object(raw)
    if not isinstance(envelope.get("headers"), dict) and "body" not in envelope:
        return None
    headers = _mapping(envelope.get("headers"))
    content_type = _text(envelope.get("content-type"))
    fields: Mapping[str, Any] = headers
    if "task" not in headers and content_type == JSON_TYPE:
        fields = {**_object(body_of(envelope)), **headers}
    retries = fields.get("retries")
    return Message(
        id=_text(fields.get("id")),
        task=_text(fields.get("task")),
        retries=retries if isinstance(retries, int) and retries > 0 else 0,
        eta=parse_time(fields.get("eta")),
        expires=_text(fields.get("expires")),
        redelivered=headers.get("redelivered") is True,
        content_type=content_type,
        envelope=envelope,
    )


def body_of(envelope: Mapping[str, Any]) -> Any:
    """The decoded body of a JSON message, whatever it holds; None where it cannot be decoded."""
    body = envelope.get("body")
    if not isinstance(body, str):
        return body
    try:
        if _mapping(envelope.get("properties")).get("body_encoding") == "base64":
            body = base64.b64decode(body, validate=True).decode("utf-8")
        return json.loads(body)
    except (binascii.Error, UnicodeDecodeError, ValueError, RecursionError):
        return None


def parse_time(value: object) -> float | None:
    """Unix seconds of an ISO 8601 time; without a zone it is UTC, as Celery writes it."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _object(raw: object) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    if not isinstance(raw, (str, bytes)):
        return {}
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value[:MOST_NAME] if isinstance(value, str) else None
