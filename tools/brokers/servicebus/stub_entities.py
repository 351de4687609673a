"""The stub's queues, topics and subscriptions: settings as the service spells them, counts that change with time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from tools.brokers.servicebus.session import Entry, Peeked, PeekState

# What a new queue of the Standard tier says; a document overrides single elements.
DEFAULTS = {
    "LockDuration": "PT1M",
    "MaxSizeInMegabytes": "1024",
    "RequiresDuplicateDetection": "false",
    "RequiresSession": "false",
    "DefaultMessageTimeToLive": "P10675199DT2H48M5.4775807S",
    "DeadLetteringOnMessageExpiration": "false",
    "DuplicateDetectionHistoryTimeWindow": "PT10M",
    "MaxDeliveryCount": "10",
    "EnableBatchedOperations": "true",
    "Status": "Active",
    "CreatedAt": "2026-01-01T00:00:00Z",
    "UpdatedAt": "2026-01-01T00:00:00Z",
    "AccessedAt": "2026-11-24T00:00:00Z",
    "AutoDeleteOnIdle": "P10675199DT2H48M5.4775807S",
    "EnablePartitioning": "false",
    "EntityAvailabilityStatus": "Available",
}
_NOT_OF_TOPICS = {"LockDuration", "RequiresSession", "DeadLetteringOnMessageExpiration", "MaxDeliveryCount"}
_NOT_OF_SUBSCRIPTIONS = {
    "MaxSizeInMegabytes", "SizeInBytes", "RequiresDuplicateDetection", "DuplicateDetectionHistoryTimeWindow",
    "EnablePartitioning",
}  # fmt: skip
MESSAGE_BYTES = 200


class StubMessage(BaseModel):
    """One message; `body` that is no text is JSON."""

    model_config = ConfigDict(extra="forbid")

    body: Any = None
    id: str | None = None
    subject: str | None = None
    session: str | None = None
    delivery_count: int = 0
    age_s: float = 60
    state: PeekState = "active"
    reason: str | None = None
    description: str | None = None

    def peeked(self, sequence: int) -> Peeked:
        """As the service would show it."""
        body = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        sent = (datetime.now(UTC) - timedelta(seconds=self.age_s)).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Peeked(
            sequence, self.state, body.encode(), self.id or f"m{sequence}", self.subject, self.session, None, sent,
            None, self.delivery_count, self.reason, self.description,
        )  # fmt: skip


class StubQueue(BaseModel):
    """A queue, or a subscription."""

    model_config = ConfigDict(extra="forbid")

    ready: int = 0
    growth_per_s: float = 0
    scheduled: int = 0
    dead: int = 0
    transfer: int = 0
    transfer_dead: int = 0
    absent: list[str] = []
    settings: dict[str, str] = {}
    messages: list[StubMessage] = []
    dead_messages: list[StubMessage] = []
    _born: float = PrivateAttr(default_factory=lambda: now())

    def entry(self, name: str, *, subscription: bool = False) -> Entry:
        """Its description at this moment; a subscription's size counts in its topic."""
        counts = {
            "ActiveMessageCount": self.active(),
            "DeadLetterMessageCount": max(self.dead, len(self.dead_messages)),
            "ScheduledMessageCount": self.scheduled,
            "TransferMessageCount": self.transfer,
            "TransferDeadLetterMessageCount": self.transfer_dead,
        }
        total = sum(counts.values())
        fields = {"SizeInBytes": str(total * MESSAGE_BYTES), "MessageCount": str(total)}
        kept = {key: value for key, value in counts.items() if key not in self.absent}
        described = DEFAULTS | fields | self.settings
        if subscription:
            described = {key: value for key, value in described.items() if key not in _NOT_OF_SUBSCRIPTIONS}
        return Entry(name, described, kept)

    def active(self) -> int:
        """Active messages now."""
        return max(0, max(self.ready, len(self.messages)) + int(self.growth_per_s * (now() - self._born)))

    def peeked(self, sub_queue: str | None, start: int, limit: int) -> list[Peeked]:
        """At most `limit` messages from that sequence number on."""
        if sub_queue == "transferdeadletter":
            given, count = [], self.transfer_dead
        elif sub_queue:
            given, count = self.dead_messages, max(self.dead, len(self.dead_messages))
        else:
            given, count = self.messages, self.active() + self.scheduled
        found = (message for number, message in enumerate(self._all(given, count), 1) if number >= start)
        return [message.peeked(start + i) for i, message in zip(range(limit), found, strict=False)]

    def _all(self, given: list[StubMessage], count: int) -> Iterator[StubMessage]:
        yield from given
        active = count - (self.scheduled if given is self.messages else 0)
        for number in range(count - len(given)):
            state: PeekState = "active" if len(given) + number < active else "scheduled"
            yield StubMessage(body={"n": number}, state=state)


class StubTopic(BaseModel):
    """A topic with its subscriptions."""

    model_config = ConfigDict(extra="forbid")

    scheduled: int = 0
    size_bytes: int = 0
    settings: dict[str, str] = {}
    subscriptions: dict[str, StubQueue] = {}

    def entry(self, name: str) -> Entry:
        """Its description."""
        own = {key: value for key, value in DEFAULTS.items() if key not in _NOT_OF_TOPICS}
        fields = {"SizeInBytes": str(self.size_bytes), "SubscriptionCount": str(len(self.subscriptions))}
        counts = dict.fromkeys(("ActiveMessageCount", "DeadLetterMessageCount"), 0)
        return Entry(name, own | fields | self.settings, counts | {"ScheduledMessageCount": self.scheduled})


def now() -> float:
    """The stub's clock, seconds."""
    return time.monotonic()
