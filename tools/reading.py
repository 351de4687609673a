"""What brokers and frameworks read, between the wire and the tools.

A broker reads itself and finds where work may lie; a framework explains what lies there. Rules see only these readings,
so the same rules run on a live broker, on a stub and on a snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Counters:
    """What has passed a queue since it was created or its server started, for rates between two readings.

    Attributes:
        epoch: counters of another epoch (a restart, a queue declared again) cannot be compared.
    """

    arrived: int | None = None
    completed: int | None = None
    failed: int | None = None
    epoch: str = ""


@dataclass(kw_only=True)
class Source:
    """Queues that one reader knows: a framework's, or a broker's own.

    Attributes:
        consumers, counters: by `label` of the queue.
        facts: what the rules of this system need beyond the records, by documented keys of its own reader.
    """

    queues: list[QueueRecord] = field(default_factory=list)
    consumers: dict[str, ConsumerView] = field(default_factory=dict)
    counters: dict[str, Counters] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notices: list[Texts] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    @property
    def framework(self) -> str | None:
        """The framework's id; None for a broker's own queues."""
        return None

    @property
    def key(self) -> str:
        """Tells the readers of one target apart, in samples."""
        return "native"

    def label(self, record: QueueRecord) -> str:
        """What tells a reader's queues apart: here the `address`."""
        return address(record)


@dataclass
class BrokerReading(Source):
    """A broker as read once. `queues` are its own: on Redis only those that no framework may explain."""

    target: Target
    system: str
    version: str | None = None
    role: str | None = None
    health: Literal["ok", "degraded", "down"] = "ok"
    memory: Memory = field(default_factory=Memory)
    connections: Connections = field(default_factory=Connections)
    coverage: Coverage = field(default_factory=Coverage)


@dataclass
class FrameworkReading(Source):
    """A framework on one broker as read once, one for each key prefix or vhost that it lives in.

    Attributes:
        workers: None when the workers were not asked; a silent one is in the list with state `silent`.
        claimed: addresses of the broker's own queues that this framework explains, so that they are not shown twice.
    """

    summary: FrameworkSummary
    workers: list[WorkerRecord] | None = None
    claimed: set[str] = field(default_factory=set)

    @property
    def framework(self) -> str | None:
        """The framework's id."""
        return self.summary.id

    @property
    def key(self) -> str:
        """The framework, and the namespace where it has one."""
        return f"{self.summary.id}:{self.summary.prefix}" if self.summary.prefix else self.summary.id

    def label(self, record: QueueRecord) -> str:
        """The name alone, since a reading has one namespace."""
        return record.name


@dataclass
class TargetReading:
    """Everything read of one target, or the error that stopped it; what was read before an error stays."""

    target: Target
    system: str | None
    evidence: EvidenceBook = field(default_factory=EvidenceBook)
    broker: BrokerReading | None = None
    frameworks: list[FrameworkReading] = field(default_factory=list)
    error: QueuewrightError | None = None

    @property
    def sources(self) -> list[Source]:
        """The frameworks, and the broker."""
        return [*self.frameworks, *([self.broker] if self.broker else [])]

    def owned(self) -> list[tuple[Source, QueueRecord]]:
        """All queue records with who read them, largest `ready` first, unknown last."""
        found = [(source, record) for source in self.sources for record in source.queues]
        return sorted(found, key=lambda pair: (-(-1 if pair[1].ready is None else pair[1].ready), pair[1].name))

    def records(self) -> list[QueueRecord]:
        """All queue records, largest `ready` first, unknown last."""
        return [record for _, record in self.owned()]


def address(record: QueueRecord) -> str:
    """A queue's name within its broker: `namespace/name`, or the name alone."""
    return f"{record.namespace}/{record.name}" if record.namespace else record.name


@dataclass(frozen=True)
class Peek:
    """What to look at: at most `limit` messages of one state of one queue."""

    queue: str
    state: MessageState
    limit: int
    namespace: str | None = None


Depths = dict[str, int | None]
"""Waiting messages by `address`; None where they could not be read."""


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

    async def depths(self, session: Any, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """How many messages wait in these own queues now, as cheaply as it goes. Raises TargetError."""
        ...

    async def peek(self, session: Any, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Looks at messages of an own queue without consuming, acknowledging or hiding. Raises Unsupported."""
        ...


class Framework(Protocol):
    """A framework's folder offers one of these as `FRAMEWORK`."""

    id: str

    async def read(
        self, session: Any, broker: BrokerReading, book: EvidenceBook, *, workers: bool
    ) -> list[FrameworkReading]:
        """Queues, consumers and, where asked, workers; empty when the framework is not on this broker."""
        ...

    async def depths(
        self, session: Any, broker: BrokerReading, found: FrameworkReading, records: Sequence[QueueRecord]
    ) -> Depths:
        """How many messages wait in these queues of a reading now, as cheaply as it goes. Raises TargetError."""
        ...

    async def peek(self, session: Any, broker: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Looks at messages without consuming, acknowledging or unpickling. Raises Unsupported, UnknownQueue."""
        ...
