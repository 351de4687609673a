"""What a rule sees: one target's reading, the rates that two samples give, and who consumed what before.

Everything here is a small question to data that was read already; nothing is sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tools.config import Thresholds
from tools.contract import At, Evidence, QueueRecord, WorkerRecord
from tools.reading import ConsumerView, FrameworkReading, TargetReading

ANSWERING = frozenset({"running", "idle"})
# Two estimates of one start differ by the rounding of the uptime and by the time that answers took to come.
_START_TOLERANCE_S = 5.0
_UPTIME_STEP_S = 1.0


class Seen(NamedTuple):
    """A worker process that an earlier reading found consuming. Times are Unix time in seconds."""

    worker: str
    pid: int
    started_at: float
    at: float


@dataclass(frozen=True)
class Rate:
    """How one queue changed between two samples.

    Attributes:
        seconds: between the samples.
        ready_first, ready_last: messages that waited.
        first, last: messages outstanding: waiting, and in flight where that is known in both samples.
        evidence: the change as a measured fact.
    """

    seconds: float
    ready_first: float
    ready_last: float
    first: float
    last: float
    evidence: Evidence

    @property
    def net_per_s(self) -> float:
        """Messages per second by which the queue grew; negative when it drained."""
        return (self.last - self.first) / self.seconds


@dataclass(frozen=True)
class Facts:
    """One target, as the rules see it.

    Attributes:
        rates: by the reader's key and queue name.
        consumed: by the reader's key and queue name: those that were seen consuming it in the last day.
        earlier: an earlier reading of the same call, when it was given a window.
        queue: the only queue that was asked about.
        read_at: when the reading was complete, Unix time in seconds.
    """

    reading: TargetReading
    thresholds: Thresholds = field(default_factory=Thresholds)
    rates: Mapping[tuple[str, str], Rate] = field(default_factory=dict)
    consumed: Mapping[tuple[str, str], frozenset[Seen]] = field(default_factory=dict)
    earlier: TargetReading | None = None
    queue: str | None = None
    read_at: float = 0.0

    @property
    def blind(self) -> str | None:
        """Why the server's connections prove nothing, as a key of a doubt; None on a primary.

        Workers are connected to the primary. Which of its replicas or clients a server shows says nothing about them.
        """
        broker = self.reading.broker
        if broker is None or broker.system != "redis" or broker.role == "master":
            return None
        return "replica" if broker.role == "slave" else "role"

    @property
    def target(self) -> str:
        """The target's name."""
        return self.reading.target.name

    def queues(self) -> Iterator[tuple[FrameworkReading, QueueRecord]]:
        """Every queue that was asked about, with its framework."""
        for framework in self.reading.frameworks:
            for record in framework.queues:
                if self.queue in (None, record.name):
                    yield framework, record

    def at(self, framework: FrameworkReading, queue: str | None = None, worker: str | None = None) -> At:
        """A place in this target."""
        return At(target=self.target, framework=framework.summary.id, queue=queue, worker=worker)

    def evidence(self, metric: str, name: str | None = None) -> tuple[Evidence, ...]:
        """What was measured of the target, or of a queue or worker on it."""
        subject = f"{self.target}/{name}" if name else self.target
        return tuple(self.reading.evidence.find(metric, subject))

    def measured(self, *pairs: tuple[str, str | None]) -> tuple[Evidence, ...]:
        """`evidence` of several metrics and names, in that order."""
        return tuple(found for metric, name in pairs for found in self.evidence(metric, name))

    def rate(self, framework: FrameworkReading, queue: str) -> Rate | None:
        """How the queue changed; None without two usable samples."""
        return self.rates.get((framework.key, queue))


def answering(framework: FrameworkReading) -> list[WorkerRecord]:
    """The workers that answered."""
    return [w for w in framework.workers or [] if w.state in ANSWERING]


def silent(framework: FrameworkReading) -> list[WorkerRecord]:
    """The workers that are known and did not answer."""
    return [w for w in framework.workers or [] if w.state == "silent"]


def consuming(framework: FrameworkReading, queue: str) -> list[WorkerRecord]:
    """The workers that answered and consume the queue."""
    return [w for w in answering(framework) if queue in (w.queues or ())]


def view_of(framework: FrameworkReading, queue: str) -> ConsumerView | None:
    """Who consumes the queue, as far as the framework's reader could tell."""
    return framework.consumers.get(queue)


def has_consumer(framework: FrameworkReading, queue: str) -> bool:
    """Whether somebody is known to consume the queue."""
    view = view_of(framework, queue)
    return bool(view and view.count)


def asked(framework: FrameworkReading) -> bool:
    """Whether the workers were asked at all: who was not asked owes no answer."""
    return bool((framework.facts.get("liveness") or {}).get("asked"))


def everybody_answered(facts: Facts, framework: FrameworkReading) -> bool:
    """Whether every worker that is connected answered; False also when that cannot be known."""
    liveness = framework.facts.get("liveness") or {}
    answered, expected = liveness.get("answered"), liveness.get("expected")
    complete = bool(answered and expected is not None and answered >= expected)
    return facts.blind is None and asked(framework) and complete


def nobody_connected(facts: Facts, framework: FrameworkReading) -> bool:
    """Whether the connections prove that no worker is there."""
    liveness = framework.facts.get("liveness") or {}
    none = liveness.get("clients_known") is True and liveness.get("pubsub") == 0 and liveness.get("brpop") == 0
    return facts.blind is None and none


def started_at(worker: WorkerRecord, read_at: float) -> float | None:
    """When the worker's process started by its own uptime, which needs no common clock; None when it did not tell."""
    uptime = detail(worker, "uptime_s")
    return None if uptime is None else read_at - uptime


def same_process(facts: Facts, seen: Seen, worker: WorkerRecord) -> bool:
    """Whether the process that was seen is the one that answers now.

    Its id alone does not tell: in a container every worker is process 1.
    """
    started = started_at(worker, facts.read_at)
    if started is None or (seen.worker, seen.pid) != (worker.id, worker.pid):
        return False
    return abs(seen.started_at - started) <= _START_TOLERANCE_S and seen.at > started + _UPTIME_STEP_S


def detail(worker: WorkerRecord, key: str) -> int | None:
    """A number of the worker's details; None when it did not tell."""
    value = worker.details.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def idle(worker: WorkerRecord) -> bool:
    """Whether the worker said that it runs nothing and holds nothing back."""
    return worker.busy == 0 and detail(worker, "reserved") == 0
