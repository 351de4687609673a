"""An open Service Bus namespace: the few reading calls that exist, whoever answers them.

There is no call that writes, receives or locks, so no reader can do it by mistake. What a transport answers are the
plain texts of the service's own documents (`Entry`), so that an absent element stays absent and never becomes a 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tools.targets import Target

# The service's largest page (Service Bus management REST API, `$top`).
PAGE = 100
Feed = Literal["queues", "topics", "subscriptions"]
PeekState = Literal["active", "scheduled", "deferred"]


@dataclass(frozen=True)
class Entry:
    """One entity as the service describes it.

    Attributes:
        name: of the queue, topic or subscription, in the service's own spelling.
        fields: elements of its description that hold text, by name (`LockDuration`: `PT1M`). Elements that hold
            others are left out, which also keeps the keys of its authorization rules out.
        counts: of its `CountDetails`, by name (`ActiveMessageCount`).
    """

    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PeekCall:
    """Where to look: `topic` and `subscription`, or `queue`; `sub_queue` for its dead letters."""

    entity: str
    subscription: str | None = None
    sub_queue: Literal["deadletter", "transferdeadletter"] | None = None
    from_sequence: int = 1
    limit: int = 20

    @property
    def path(self) -> str:
        """The entity's path as Service Bus writes it."""
        whole = f"{self.entity}/Subscriptions/{self.subscription}" if self.subscription else self.entity
        behind = {None: "", "deadletter": "/$DeadLetterQueue", "transferdeadletter": "/$Transfer/$DeadLetterQueue"}
        return f"{whole}{behind[self.sub_queue]}"


@dataclass(frozen=True)
class Peeked:
    """One message as peeked; times are ISO 8601 in UTC. `state` decides whether it waits, is scheduled or deferred."""

    sequence: int
    state: PeekState
    body: bytes
    message_id: str | None = None
    subject: str | None = None
    session_id: str | None = None
    content_type: str | None = None
    enqueued_at: str | None = None
    scheduled_at: str | None = None
    delivery_count: int | None = None
    dead_letter_reason: str | None = None
    dead_letter_description: str | None = None
    dead_letter_source: str | None = None


class ServiceBusTransport(Protocol):
    """What answers: the real client, or the stub. Every call raises TargetError, `Throttled` among them."""

    async def namespace(self) -> Mapping[str, Any]:
        """`name`, `messaging_sku` (Basic, Standard, Premium), `messaging_units`, `namespace_type`, `alias`."""
        ...

    async def feed(self, kind: Feed, skip: int = 0, topic: str | None = None) -> list[Entry]:
        """One page of at most `PAGE` entities; of a topic's subscriptions where `topic` is given."""
        ...

    async def entry(self, name: str, subscription: str | None = None) -> Entry | None:
        """One queue, or one subscription of the topic `name`; None when there is none."""
        ...

    async def peek(self, call: PeekCall) -> list[Peeked]:
        """Messages in order of their sequence numbers, without locking one."""
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


class ServiceBusSession:
    """One target's connections."""

    system = "servicebus"

    def __init__(self, target: Target, transport: ServiceBusTransport) -> None:
        self.target = target
        self.transport = transport

    async def close(self) -> None:
        """Gives the connections back."""
        await self.transport.close()
