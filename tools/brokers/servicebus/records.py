"""The service's entries as queue records.

`details` of a queue or subscription, absent where the service does not say: `status`, `availability`,
`lock_duration_s`, `max_delivery_count`, `requires_session`, `requires_duplicate_detection`,
`duplicate_detection_window_s`, `default_ttl_s` (null: no limit), `dead_lettering_on_expiration`,
`dead_lettering_on_filter_errors`, `auto_delete_on_idle_s` (null: never), `forward_to`, `forward_dead_letters_to`,
`partitioned`, `batched_operations`, `max_message_bytes`, `size_bytes`, `max_size_bytes`, `created_at`, `updated_at`,
`accessed_at` (null: never), and counts: `total`, `dead_letter`, `transfer`, `transfer_dead_letter`. A topic adds
`subscriptions`, `sql_filters`, `correlation_filters`. A dead-letter queue's own record has `dead_letter_of`.

`ready` is ActiveMessageCount: it holds deferred messages too and, as far as seen, those under a lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from tools.brokers.servicebus.session import Entry
from tools.contract import QueueRecord

DEAD_LETTERS = "$DeadLetterQueue"
TRANSFER_DEAD_LETTERS = "$Transfer/$DeadLetterQueue"
# 10675199 days is .NET's largest time span, the service's word for no limit.
_NO_LIMIT_S = 10_675_199 * 86_400
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
_NEVER = "0001-01-01T00:00:00"
_PAUSED = {"Active": False, "Disabled": True, "ReceiveDisabled": True, "SendDisabled": True}


@dataclass(frozen=True)
class Place:
    """Where a record's messages lie, for counts and peeks."""

    kind: Literal["queue", "topic", "subscription"]
    entity: str
    subscription: str | None = None
    sub_queue: Literal["deadletter", "transferdeadletter"] | None = None

    @property
    def name(self) -> str:
        """The record's name: `queue`, `topic` or `topic/subscription`, and the dead-letter queue behind it."""
        behind = {None: "", "deadletter": f"/{DEAD_LETTERS}", "transferdeadletter": f"/{TRANSFER_DEAD_LETTERS}"}
        return f"{self.entity}{f'/{self.subscription}' if self.subscription else ''}{behind[self.sub_queue]}"


def record_of(place: Place, entry: Entry) -> QueueRecord:
    """The record of a queue, topic or subscription. Scheduled messages of a topic wait in the topic itself."""
    counts = entry.counts
    kind = {"queue": "standard", "topic": "topic", "subscription": "subscription"}[place.kind]
    holds = place.kind != "topic"
    return QueueRecord(
        name=place.name,
        framework=None,
        kind=kind,
        ready=counts.get("ActiveMessageCount") if holds else None,
        scheduled=counts.get("ScheduledMessageCount") if place.kind != "subscription" else None,
        dead=counts.get("DeadLetterMessageCount") if holds else None,
        paused=_PAUSED.get(entry.fields.get("Status", "")),
        details=details_of(entry, counted=holds),
    )


def dead_letter_records(place: Place, entry: Entry) -> list[tuple[Place, QueueRecord]]:
    """The dead-letter queue and the one for failed transfers, each where it holds messages."""
    found: list[tuple[Place, QueueRecord]] = []
    for sub_queue, counter in (
        ("deadletter", "DeadLetterMessageCount"), ("transferdeadletter", "TransferDeadLetterMessageCount"),
    ):  # fmt: skip
        if count := entry.counts.get(counter, 0):
            inner = Place(place.kind, place.entity, place.subscription, sub_queue)  # type: ignore[arg-type]
            details = {"dead_letter_of": place.name, "forward_to": _entity(entry, "ForwardDeadLetteredMessagesTo")}
            kept = {key: value for key, value in details.items() if value is not None}
            found.append((inner, QueueRecord(name=inner.name, framework=None, kind="standard", ready=count,
                                             paused=_receiving(entry), details=kept)))  # fmt: skip
    return found


def details_of(entry: Entry, *, counted: bool = True) -> dict[str, Any]:
    """Settings, sizes and times, absent where the service does not say; see the top of this module."""
    found = {key: read(entry.fields[name]) for key, (name, read) in _DETAILS.items() if name in entry.fields}
    found |= {key: value for key in _FORWARDS if (value := _entity(entry, _FORWARDS[key])) is not None}
    if counted:
        found |= {key: entry.counts[name] for key, name in _COUNTS.items() if name in entry.counts}
    return {key: value for key, value in found.items() if value is not _UNREADABLE}


def depth_of(place: Place, entry: Entry | None) -> int | None:
    """Messages that wait at that place now."""
    if entry is None or place.kind == "topic":
        return None
    counters = {"deadletter": "DeadLetterMessageCount", "transferdeadletter": "TransferDeadLetterMessageCount"}
    return entry.counts.get(counters[place.sub_queue] if place.sub_queue else "ActiveMessageCount")


def seconds_of(text: str) -> float | None:
    """An ISO 8601 duration in seconds; None for no limit.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(text[:80])
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    found = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    return None if found >= _NO_LIMIT_S else found


def _receiving(entry: Entry) -> bool | None:
    """Whether nobody may take dead letters: they follow the status of their entity."""
    return {"Active": False, "SendDisabled": False, "Disabled": True, "ReceiveDisabled": True}.get(
        entry.fields.get("Status", "")
    )


def _entity(entry: Entry, name: str) -> str | None:
    """The entity that messages are forwarded to; the service writes it as a URL."""
    given = entry.fields.get(name)
    if not given:
        return None
    parts = urlsplit(given)
    return unquote(parts.path).strip("/") if parts.scheme and parts.netloc else given


def _safe(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def one(text: str) -> Any:
        try:
            return read(text)
        except (ValueError, KeyError):
            return _UNREADABLE

    return one


def _moment(text: str) -> str | None:
    return None if text.startswith(_NEVER) else text[:40]


_UNREADABLE = object()
_flag = _safe({"true": True, "false": False}.__getitem__)
_whole = _safe(int)
_span = _safe(seconds_of)
_DETAILS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "status": ("Status", lambda text: text[:40]),
    "availability": ("EntityAvailabilityStatus", lambda text: text[:40]),
    "lock_duration_s": ("LockDuration", _span),
    "max_delivery_count": ("MaxDeliveryCount", _whole),
    "requires_session": ("RequiresSession", _flag),
    "requires_duplicate_detection": ("RequiresDuplicateDetection", _flag),
    "duplicate_detection_window_s": ("DuplicateDetectionHistoryTimeWindow", _span),
    "default_ttl_s": ("DefaultMessageTimeToLive", _span),
    "dead_lettering_on_expiration": ("DeadLetteringOnMessageExpiration", _flag),
    "dead_lettering_on_filter_errors": ("DeadLetteringOnFilterEvaluationExceptions", _flag),
    "auto_delete_on_idle_s": ("AutoDeleteOnIdle", _span),
    "partitioned": ("EnablePartitioning", _flag),
    "batched_operations": ("EnableBatchedOperations", _flag),
    "max_message_bytes": ("MaxMessageSizeInKilobytes", _safe(lambda text: int(text) * 1024)),
    "size_bytes": ("SizeInBytes", _whole),
    "max_size_bytes": ("MaxSizeInMegabytes", _safe(lambda text: int(text) * 1024 * 1024)),
    "created_at": ("CreatedAt", _moment),
    "updated_at": ("UpdatedAt", _moment),
    "accessed_at": ("AccessedAt", _moment),
    "total": ("MessageCount", _whole),
    "subscriptions": ("SubscriptionCount", _whole),
    "sql_filters": ("SqlFilterCount", _whole),
    "correlation_filters": ("CorrelationFilterCount", _whole),
}
_FORWARDS = {"forward_to": "ForwardTo", "forward_dead_letters_to": "ForwardDeadLetteredMessagesTo"}
_COUNTS = {
    "dead_letter": "DeadLetterMessageCount",
    "transfer": "TransferMessageCount",
    "transfer_dead_letter": "TransferDeadLetterMessageCount",
}
