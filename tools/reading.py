"""What brokers and frameworks read, between the wire and the tools.

A broker reads itself and finds where work may lie; a framework explains what lies there. Rules see only these readings,
so the same rules run on a live broker, on a stub and on a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tools.contract import (
    At,
    Connections,
    Coverage,
    Evidence,
    FrameworkSummary,
    Memory,
    MessageState,
    MessageSummary,
    QueueRecord,
    Scalar,
    Session,
    WorkerRecord,
)
from tools.errors import QueuewrightError
from tools.targets import Target


@dataclass
class EvidenceBook:
    """Evidence in the order it was read, one entry per metric, subject and source."""

    items: list[Evidence] = field(default_factory=list)
    _seen: dict[tuple[str, str, str], Evidence] = field(default_factory=dict)

    def add(
        self, metric: str, subject: str, value: Scalar, unit: str | None, source: str, paste: str | None = None
    ) -> Evidence:
        """Records a fact and gives it an id; the same fact read twice is one entry."""
        key = (metric, subject, source)
        if key not in self._seen:
            self._seen[key] = Evidence(
                id=f"e{len(self.items) + 1}",
                metric=metric,
                subject=subject,
                value=value,
                unit=unit,
                source=source,
                paste=paste,
            )
            self.items.append(self._seen[key])
        return self._seen[key]

    def find(self, metric: str, subject: str | None = None) -> list[Evidence]:
        """The entries of a metric, of one subject where given."""
        return [e for e in self.items if e.metric == metric and subject in (None, e.subject)]


@dataclass
class Texts:
    """A notice or an unknown before it has a language: catalogue key and typed facts."""

    key: str
    facts: dict[str, Scalar] = field(default_factory=dict)


@dataclass
class Gap:
    """An unknown value before rendering: `unknown.<key>.reason` and `.enable` in the catalogue."""

    at: At
    field: str
    text: Texts


@dataclass
class BrokerReading:
    """A broker as read once.

    Attributes:
        facts: what the rules of this system need beyond the common fields, by documented keys of its own reader
            (Redis: see `tools.brokers.redis.server`).
        stray: lists that a broker found and no framework has explained yet, as queue records without framework.
    """

    target: Target
    system: str
    version: str | None = None
    role: str | None = None
    health: Literal["ok", "degraded", "down"] = "ok"
    memory: Memory = field(default_factory=Memory)
    connections: Connections = field(default_factory=Connections)
    coverage: Coverage = field(default_factory=Coverage)
    facts: dict[str, Any] = field(default_factory=dict)
    notices: list[Texts] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass
class ConsumerView:
    """Who consumes a queue.

    Attributes:
        count: None when nobody could tell.
        confidence: `fact` when evidence independent of a missing reply says so.
        basis: catalogue key of how it is known.
    """

    count: int | None
    confidence: Literal["fact", "hypothesis"]
    basis: str
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class FrameworkReading:
    """A framework on one broker as read once.

    Attributes:
        consumers: by queue name.
        workers: None when the workers were not asked; a silent one is in the list with state `silent`.
        facts: what this framework's rules need beyond the records, by documented keys of its own reader.
        claimed: names of keys that this framework explains, so that they are not reported as stray lists.
    """

    summary: FrameworkSummary
    queues: list[QueueRecord] = field(default_factory=list)
    consumers: dict[str, ConsumerView] = field(default_factory=dict)
    workers: list[WorkerRecord] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notices: list[Texts] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)


@dataclass
class TargetReading:
    """Everything read of one target, or the error that stopped it; what was read before an error stays."""

    target: Target
    system: str | None
    evidence: EvidenceBook = field(default_factory=EvidenceBook)
    broker: BrokerReading | None = None
    frameworks: list[FrameworkReading] = field(default_factory=list)
    stray: list[QueueRecord] = field(default_factory=list)
    error: QueuewrightError | None = None

    def records(self) -> list[QueueRecord]:
        """All queue records, largest `ready` first, unknown last."""
        found: Iterable[QueueRecord] = (r for f in self.frameworks for r in f.queues)
        return sorted([*found, *self.stray], key=lambda r: (-(r.ready if r.ready is not None else -1), r.name))


@dataclass(frozen=True)
class Peek:
    """What to look at: at most `limit` messages of one state of one queue."""

    queue: str
    state: MessageState
    limit: int


class Broker(Protocol):
    """A broker's folder offers one of these as `BROKER`."""

    id: str

    async def open(self, target: Target) -> Session:
        """A session; does not fail on an unreachable server before the first read."""
        ...

    async def ping(self, session: Any) -> None:
        """One cheap read. Raises TargetError."""
        ...

    async def read(self, session: Any, book: EvidenceBook) -> BrokerReading:
        """Reads the broker, bounded. Raises TargetError when nothing could be read."""
        ...


class Framework(Protocol):
    """A framework's folder offers one of these as `FRAMEWORK`."""

    id: str

    async def read(
        self, session: Any, broker: BrokerReading, book: EvidenceBook, *, workers: bool
    ) -> FrameworkReading | None:
        """Queues, consumers and, where asked, workers; None when the framework is not on this broker."""
        ...

    async def peek(self, session: Any, broker: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Looks at messages without consuming, acknowledging or unpickling. Raises Unsupported, UnknownQueue."""
        ...
