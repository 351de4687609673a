"""What tools take and give: the shapes that users, scripts, MCP clients and the model rely on.

A value that could not be read is None and stands in `unknown` with its reason: never a 0 that nobody measured.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from tools.config import Config
from tools.samples import SampleStore

if TYPE_CHECKING:
    from knowledge.search import Knowledge

Severity = Literal["critical", "high", "medium", "low", "info"]
Confidence = Literal["fact", "hypothesis"]
Status = Literal["ok", "no_data", "error", "needs_approval"]
MessageState = Literal["ready", "scheduled", "retry", "dead", "active"]
Scalar = int | float | str | bool | None


class Risk(StrEnum):
    """Of a tool: `write` changes something and can be undone, `destructive` can lose data."""

    READ = "read"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Shape(BaseModel):
    """The base of everything on the wire: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid")


class At(Shape):
    """Where something is, for programs; None where it does not apply."""

    target: str | None = None
    framework: str | None = None
    namespace: str | None = None
    queue: str | None = None
    worker: str | None = None
    partition: int | None = None
    group: str | None = None
    deployment: str | None = None


class Evidence(Shape):
    """One measured fact; `id` (e1, e2, …) is unique within one result.

    Attributes:
        subject: `target`, `target/queue` or `target/worker`.
        source: the exact command or API call that read it; `paste` reads it again, by hand, changing nothing.
    """

    id: str = ""
    metric: str
    subject: str
    value: Scalar
    unit: str | None = None
    source: str
    paste: str | None = None
    at: str = Field(default_factory=lambda: now_iso())


class Remedy(Shape):
    """One step to take: a sentence, and a command or a tool call that does it."""

    text: str
    command: str | None = None
    tool: str | None = None
    args: dict[str, Any] | None = None


class Finding(Shape):
    """A cause with its evidence. `because` holds indexes of the findings that this one follows from."""

    cause: str
    severity: Severity
    confidence: Confidence
    subject: str
    at: At
    because: list[int] = []
    summary: str
    evidence: list[str] = []
    remedies: list[Remedy] = []
    knowledge: list[str] = []


class UnknownValue(Shape):
    """A value that could not be read, why, and what makes it readable."""

    at: At
    field: str
    reason: str
    enable: str | None = None


class Notice(Shape):
    """Something the reader should know, with a stable code."""

    code: str
    text: str


class QueueRecord(Shape):
    """One queue. Counts are messages; None is unknown. `ready` sums all priorities."""

    name: str
    framework: str | None
    namespace: str | None = None
    kind: str
    ready: int | None = None
    in_flight: int | None = None
    scheduled: int | None = None
    retrying: int | None = None
    dead: int | None = None
    consumers: int | None = None
    oldest_age_s: float | None = None
    priorities: dict[str, int] | None = None
    paused: bool | None = None
    details: dict[str, Any] = {}


class Memory(Shape):
    """Bytes; `max_bytes` None means no limit is set or it is not readable (then it is listed in `unknown`)."""

    used_bytes: int | None = None
    max_bytes: int | None = None
    policy: str | None = None


class Connections(Shape):
    """Of clients."""

    current: int | None = None
    max: int | None = None


class Coverage(Shape):
    """How much of the key space was looked at. `complete` False forbids `healthy`."""

    keys: int | None = None
    scanned: int | None = None
    complete: bool = True


class FrameworkSummary(Shape):
    """A framework found on a broker, and counts that its queues cannot carry."""

    id: str
    prefix: str = ""
    layout: str | None = None
    layout_known: bool = True
    totals: dict[str, int | None] = {}


class BrokerReport(Shape):
    """`inspect_broker`: one flat list of queues over all frameworks, largest first, capped."""

    target: str
    system: str
    version: str | None
    role: str | None
    health: Literal["ok", "degraded", "down"]
    memory: Memory
    connections: Connections
    frameworks: list[FrameworkSummary]
    queues: list[QueueRecord]
    queues_total: int
    coverage: Coverage
    warnings: list[Notice]


class WorkerJob(Shape):
    """A job that a worker runs now. `runtime_s` in seconds."""

    id: str
    name: str
    queue: str | None = None
    runtime_s: float | None = None


class WorkerRecord(Shape):
    """One worker process (Celery: one node). `state`: `running`, `idle`, `silent` (no answer), `lost`."""

    id: str
    framework: str
    host: str | None = None
    pid: int | None = None
    state: str
    concurrency: int | None = None
    busy: int | None = None
    queues: list[str] | None = None
    heartbeat_age_s: float | None = None
    jobs: list[WorkerJob] = []
    details: dict[str, Any] = {}


class MessageSummary(Shape):
    """A message, redacted; bodies of pickled messages are withheld."""

    id: str | None
    name: str | None
    state: MessageState
    enqueued_at: str | None = None
    size_bytes: int | None = None
    summary: str


class ErrorInfo(Shape):
    """Why a call failed. `message` carries the exact call and what the server answered, redacted."""

    code: str
    message: str
    hint: str | None = None


class ToolResult(Shape):
    """The envelope of every tool call. `elapsed_ms` counts from the first byte sent to the last read."""

    tool: str
    status: Status
    data: dict[str, Any] | None = None
    unknown: list[UnknownValue] = []
    error: ErrorInfo | None = None
    approval: dict[str, Any] | None = None
    evidence: list[Evidence] = []
    truncated: bool = False
    elapsed_ms: int = 0


@dataclass
class ToolOutput:
    """What a tool hands to the runner."""

    data: Mapping[str, Any] | None
    evidence: list[Evidence] = field(default_factory=list)
    unknown: list[UnknownValue] = field(default_factory=list)
    status: Literal["ok", "no_data"] = "ok"
    truncated: bool = False


class Session(Protocol):
    """An open target: one per target and process, shared by all calls. `system` is the broker's id."""

    @property
    def system(self) -> str: ...  # noqa: D102 - said above

    async def close(self) -> None:
        """Gives the connections back; safe to call twice."""
        ...


class Systems(Protocol):
    """The systems that exist, loaded when used. The registry is the one implementation."""

    def system_of(self, scheme: str) -> str | None:
        """The broker id that a URL scheme belongs to; None when no system here speaks it."""
        ...

    def broker(self, system: str) -> Any:
        """The broker (`tools.reading.Broker`)."""
        ...

    def frameworks(self, system: str, only: tuple[str, ...] = ()) -> list[Any]:
        """The frameworks (`tools.reading.Framework`) that may live on that broker."""
        ...


@dataclass
class Context:
    """What a tool call may use; `open` gives the shared session of a target.

    Attributes:
        knowledge: the knowledge base, opened when first asked for.
        lang: of the texts, `en` or `ru`.
        progress: takes a line for people who wait.
    """

    config: Config
    systems: Systems
    samples: SampleStore
    open: Callable[[str], Awaitable[Session]]
    knowledge: Callable[[], Knowledge]
    lang: str = "en"
    progress: Callable[[str], None] = lambda _line: None


def now_iso() -> str:
    """Now in UTC, to the millisecond, ISO 8601 with Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
