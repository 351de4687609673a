"""`measure`: watches a target for some seconds and tells rates, direction and time to drain."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tools import texts
from tools.collect import collect
from tools.contract import At, Context, Evidence, QueueRecord, ToolOutput
from tools.lookup import ambiguous_queue, unknown_queue
from tools.monitoring.depths import depths
from tools.monitoring.rates import LEAST_POINTS, Flow, flow_of, slope, trend_of
from tools.reading import FrameworkReading, Gap, TargetReading, Texts
from tools.rendering import rendered_gap
from tools.samples import Sample

INTERVAL_S = 1.0
# Without a queue, the largest ones: an answer of sixty points each has to stay readable.
MOST_QUEUES = 20


class Args(BaseModel):
    """Watch queues for some seconds: arrivals, completions, direction, time to drain, and points for a plot."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")
    queue: str | None = Field(None, description="only this queue; the largest when absent")
    seconds: float = Field(10, ge=1, le=60, description="how long to watch")


@dataclass
class _Series:
    """One queue while it is watched. Points are seconds since the start and waiting messages."""

    framework: FrameworkReading
    record: QueueRecord
    points: list[tuple[float, float]] = field(default_factory=list)


async def run(ctx: Context, args: Args) -> ToolOutput:
    """`{"seconds", "queues": [{"name", "framework", "arrival_per_s", "completion_per_s", "failure_per_s", "trend",
    "drain_s", "points": [[t, ready]]}]}`; times in seconds, rates per second, None where unknown.

    Raises:
        TargetError: the target could not be read, or the connection broke on the way.
        UnknownQueue, AmbiguousQueue: where a queue was asked for.
    """
    before = await _read(ctx, args.target)
    started = time.monotonic()
    series, truncated = _chosen(before, args.queue)
    ctx.progress(texts.render(ctx.lang, "progress.measuring", target=args.target, seconds=args.seconds))
    await _watch(ctx, before, series, args.seconds)
    after = await _read(ctx, args.target)
    seconds = time.monotonic() - started
    rows: list[dict[str, Any]] = []
    evidence: list[Evidence] = []
    gaps = [Gap(_at(args.target, f), "failure_per_s", Texts("measure_failures")) for f in before.frameworks]
    for one in series:
        flow = _flow(one, after, seconds)
        rows.append(_row(one, flow))
        evidence += _evidence(before, one, flow, seconds)
        gaps += _gaps(args.target, one, flow)
    unknown = [rendered_gap(ctx.lang, gap) for gap in gaps]
    data = {"seconds": round(seconds, 2), "queues": rows}
    return ToolOutput(data, _numbered(evidence), unknown, status="ok" if rows else "no_data", truncated=truncated)


async def _read(ctx: Context, name: str) -> TargetReading:
    reading = await collect(ctx, name)
    if reading.error is not None:
        raise reading.error
    return reading


def _chosen(reading: TargetReading, queue: str | None) -> tuple[list[_Series], bool]:
    """What to watch, and whether something was left out."""
    every = [_Series(f, r) for f in reading.frameworks for r in f.queues]
    if queue is None:
        every.sort(key=lambda s: (-(s.record.ready or 0), s.record.name))
        return every[:MOST_QUEUES], len(every) > MOST_QUEUES
    named = [s for s in every if s.record.name == queue]
    if not named:
        raise unknown_queue(queue, [reading], [one.record for one in every])
    if len(named) > 1:
        raise ambiguous_queue(queue, reading, [one.record for one in named])
    return named, False


async def _watch(ctx: Context, reading: TargetReading, series: list[_Series], seconds: float) -> None:
    """A cheap sample about once a second, at least three, the first at once and the last at the end."""
    session = await ctx.open(reading.target.name)
    system = reading.system or ""
    readers = {f.id: f for f in ctx.systems.frameworks(system, reading.target.frameworks)}
    groups: dict[str, list[_Series]] = defaultdict(list)
    for one in series:
        groups[one.framework.summary.id].append(one)
    count = max(LEAST_POINTS, round(seconds / INTERVAL_S) + 1)
    started = time.monotonic()
    for i in range(count):
        await asyncio.sleep(max(0.0, started + seconds * i / (count - 1) - time.monotonic()))
        for framework, members in groups.items():
            records = [m.record for m in members]
            found = await depths(session, reading, members[0].framework, readers[framework], records)
            elapsed = round(time.monotonic() - started, 3)
            _note(ctx, reading, members, found, elapsed)


def _note(
    ctx: Context, reading: TargetReading, members: list[_Series], found: dict[str, int | None], elapsed: float
) -> None:
    now, samples = time.time(), []
    for member in members:
        ready = found.get(member.record.name)
        if ready is not None:
            member.points.append((elapsed, float(ready)))
            samples.append(Sample(member.framework.summary.id, member.record.name, "ready", float(ready), now))
    ctx.samples.add(reading.target.fingerprint, samples)


def _flow(one: _Series, after: TargetReading, seconds: float) -> Flow:
    """What can be said about arrivals and completions, from the readings at both ends."""
    name = one.record.name
    again = next((f for f in after.frameworks if f.summary.id == one.framework.summary.id), None)
    record = next((r for r in again.queues if r.name == name), None) if again else None
    if again is None or record is None or record.ready is None or one.record.ready is None:
        return Flow(None, None, "measure_unread")
    ready = (float(one.record.ready), float(record.ready))
    if _nobody(one.framework, name) and _nobody(again, name):
        if ready[1] < ready[0]:
            # purged or expired: how many arrived meanwhile nobody saw
            return Flow(None, 0.0, "measure_shrunk")
        return Flow(round((ready[1] - ready[0]) / seconds, 3), 0.0)
    if _unseen(one.framework, name) or _unseen(again, name):
        return Flow(None, None, "measure_replica")
    if not (_all_answered(one.framework) and _all_answered(again)):
        return Flow(None, None, "measure_silent_workers")
    return flow_of(name, ready, one.framework.workers or [], again.workers or [], seconds)


def _nobody(framework: FrameworkReading, queue: str) -> bool:
    view = framework.consumers.get(queue)
    return view is not None and view.count == 0 and view.confidence == "fact"


def _unseen(framework: FrameworkReading, queue: str) -> bool:
    """Whether this server is not the one that workers connect to."""
    view = framework.consumers.get(queue)
    return view is not None and view.basis == "replica"


def _all_answered(framework: FrameworkReading) -> bool:
    liveness: dict[str, Any] = framework.facts.get("liveness") or {}
    answered, expected = liveness.get("answered"), liveness.get("expected")
    return bool(framework.workers and answered and expected is not None and answered >= expected)


def _row(one: _Series, flow: Flow) -> dict[str, Any]:
    trend, drain_s = trend_of(one.points)
    return {
        "name": one.record.name,
        "framework": one.framework.summary.id,
        "arrival_per_s": flow.arrival_per_s,
        "completion_per_s": flow.completion_per_s,
        "failure_per_s": None,
        "trend": trend,
        "drain_s": drain_s,
        "points": [[t, int(ready)] for t, ready in one.points],
    }


def _evidence(before: TargetReading, one: _Series, flow: Flow, seconds: float) -> list[Evidence]:
    """The source of a depth is the command that read it at first."""
    subject = f"{before.target.name}/{one.record.name}"
    read = next(iter(before.evidence.find("queue.ready", subject)), None)
    rows: list[tuple[str, float | None, str, str]] = []
    if len(one.points) > 1:
        span = one.points[-1][0] - one.points[0][0]
        seen = f"{read.source if read else one.record.name}: {len(one.points)} samples over {span:.1f} s"
        rows.append(("queue.ready", int(one.points[-1][1]), "messages", seen))
        rows.append(("queue.net_rate", round(slope(one.points), 3), "messages/s", seen))
    counted = f"workers' counters {seconds:.1f} s apart"
    rows.append(("queue.arrival_rate", flow.arrival_per_s, "tasks/s", counted))
    rows.append(("queue.completion_rate", flow.completion_per_s, "tasks/s", counted))
    paste = read.paste if read else None
    return [
        Evidence(
            metric=metric,
            subject=subject,
            value=value,
            unit=unit,
            source=source,
            paste=paste if source != counted else "celery inspect stats",
        )
        for metric, value, unit, source in rows
        if value is not None
    ]


def _numbered(evidence: list[Evidence]) -> list[Evidence]:
    return [e.model_copy(update={"id": f"e{i}"}) for i, e in enumerate(evidence, 1)]


def _gaps(target: str, one: _Series, flow: Flow) -> list[Gap]:
    at = _at(target, one.framework, one.record.name)
    rates = (("arrival_per_s", flow.arrival_per_s), ("completion_per_s", flow.completion_per_s))
    fields = [name for name, rate in rates if rate is None]
    gaps = [Gap(at, name, Texts(flow.reason or "measure_unread")) for name in fields]
    if len(one.points) < LEAST_POINTS:
        gaps.append(Gap(at, "trend", Texts("measure_unread")))
    return gaps


def _at(target: str, framework: FrameworkReading, queue: str | None = None) -> At:
    return At(target=target, framework=framework.summary.id, queue=queue)
