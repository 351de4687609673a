"""From samples to rates: trend, time to drain, and what two answers of the workers tell about completions.

Celery's workers count the tasks that they accepted. A task that was accepted and does not run any more is complete
(done, failed or retried), so completions are the growth of that counter less the growth of what runs. Arrivals follow:
what left the system plus what the queue and the workers hold more than before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tools.contract import WorkerRecord
from tools.reading import Counters

Trend = Literal["growing", "draining", "steady", "unknown"]
# A direction takes more than a burst: this many messages, or this share of the depth, over the time of the measurement.
CHANGE_LEAST = 3.0
CHANGE_SHARE = 0.005
LEAST_POINTS = 3


@dataclass(frozen=True)
class Flow:
    """Of one queue, per second. None is unknown, and `reason` (key of `unknown.measure_*`) says why."""

    arrival_per_s: float | None
    completion_per_s: float | None
    reason: str | None = None
    failure_per_s: float | None = None
    counted_by: Literal["workers", "servers"] = "workers"


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Messages per second by least squares: one odd sample does not turn it."""
    n = len(points)
    mean_t = sum(t for t, _ in points) / n
    mean_d = sum(d for _, d in points) / n
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return sum((t - mean_t) * (d - mean_d) for t, d in points) / spread if spread else 0.0


def trend_of(points: Sequence[tuple[float, float]]) -> tuple[Trend, float | None]:
    """The direction, and the seconds until the queue is empty if it goes on so; None unless it drains."""
    if len(points) < LEAST_POINTS:
        return "unknown", None
    per_s = slope(points)
    change = per_s * (points[-1][0] - points[0][0])
    if abs(change) < max(CHANGE_LEAST, CHANGE_SHARE * max(d for _, d in points)):
        return "steady", None
    return ("growing", None) if change > 0 else ("draining", round(points[-1][1] / -per_s, 1))


def counted_flow(before: Counters, after: Counters, ready: tuple[float, float], seconds: float) -> Flow:
    """From counters that the system itself keeps. One of arrivals and completions gives the other with the depths."""
    if before.epoch != after.epoch:
        return Flow(None, None, "measure_restarted")
    arrived, completed, failed = (
        _grown(getattr(before, name), getattr(after, name)) for name in ("arrived", "completed", "failed")
    )
    grown = ready[1] - ready[0]
    if arrived is None and completed is not None:
        arrived = max(completed + grown, 0.0)
    if completed is None and arrived is not None:
        completed = max(arrived - grown, 0.0)
    rates = [None if n is None else round(n / seconds, 3) for n in (arrived, completed, failed)]
    reason = "measure_no_counters" if rates[0] is None else None
    return Flow(rates[0], rates[1], reason, rates[2], "servers")


def _grown(before: int | None, after: int | None) -> float | None:
    return None if before is None or after is None or after < before else float(after - before)


def flow_of(
    queue: str,
    ready: tuple[float, float],
    before: Sequence[WorkerRecord],
    after: Sequence[WorkerRecord],
    seconds: float,
) -> Flow:
    """Arrivals and completions from the workers' answers at both ends.

    Args:
        ready: waiting messages at both ends.
        before, after: every worker that is alive; each must have answered.
        seconds: between the two answers.
    """
    old = {w.id: w for w in before if queue in (w.queues or ())}
    new = {w.id: w for w in after if queue in (w.queues or ())}
    if old.keys() != new.keys() or any(old[name].pid != new[name].pid for name in old):
        return Flow(None, None, "measure_workers_changed")
    if any(w.queues != [queue] for w in (*old.values(), *new.values())):
        return Flow(None, None, "measure_shared_workers")
    counts = [(_counts(old[name]), _counts(new[name])) for name in old]
    done = held = 0
    for first, last in counts:
        if first is None or last is None:
            return Flow(None, None, "measure_no_counters")
        done += (last[0] - first[0]) - (last[1] - first[1])
        held += last[2] - first[2]
    done = max(0, done)
    arrived = max(0.0, done + held + ready[1] - ready[0])
    return Flow(round(arrived / seconds, 3), round(done / seconds, 3))


def _counts(worker: WorkerRecord) -> tuple[int, int, int] | None:
    """Accepted so far, running, and held in all (running, reserved, waiting for their time)."""
    total = worker.details.get("total")
    held = [worker.busy, worker.details.get("reserved"), worker.details.get("scheduled")]
    if not isinstance(total, dict) or not all(isinstance(n, int) for n in held):
        return None
    return sum(total.values()), held[0] or 0, sum(n or 0 for n in held)
