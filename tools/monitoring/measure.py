"""`measure`: watches a target for some seconds and tells rates, direction and time to drain."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tools import texts
from tools.collect import collect
from tools.contract import At, Context, Evidence, QueueRecord, ToolOutput
from tools.lookup import ambiguous_queue, unknown_queue
from tools.monitoring.rates import LEAST_POINTS, Flow, counted_flow, flow_of, slope, trend_of
from tools.reading import Broker, Depths, Framework, FrameworkReading, Gap, Source, TargetReading, Texts, address
from tools.rendering import rendered_gap
from tools.samples import Sample

INTERVAL_S = 1.0
# Without a queue, the largest ones: an answer of sixty points each has to stay readable.
MOST_QUEUES = 20
# Where a person reads the counters that a rate came from; elsewhere it is the command that read the depth.
_COUNTERS = {"celery": "celery inspect stats"}


class Args(BaseModel):
    """Watch queues for some seconds: arrivals, completions, direction, time to drain, and points for a plot."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")
    queue: str | None = Field(None, description="only this queue; the largest when absent")
    seconds: float = Field(10, ge=1, le=60, description="how long to watch")


@dataclass
class _Series:
    """One queue while it is watched. Points are seconds since the start and waiting messages."""

    source: Source
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
    gaps: list[Gap] = []
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
    every = [_Series(source, record) for source, record in reading.owned()]
    if queue is None:
        return every[:MOST_QUEUES], len(every) > MOST_QUEUES
    named = [s for s in every if s.record.name == queue]
    if not named:
        raise unknown_queue(queue, [reading], [one.record for one in every])
    if len(named) > 1:
        raise ambiguous_queue(queue, reading, [one.record for one in named])
    return named, False


async def _watch(ctx: Context, reading: TargetReading, series: list[_Series], seconds: float) -> None:
    """A cheap sample about once a second, at least three, the first at once and the last at the end."""
    groups: dict[str, list[_Series]] = defaultdict(list)
    for one in series:
        groups[one.source.key].append(one)
    count = max(LEAST_POINTS, round(seconds / INTERVAL_S) + 1)
    started = time.monotonic()
    for i in range(count):
        await asyncio.sleep(max(0.0, started + seconds * i / (count - 1) - time.monotonic()))
        for members in groups.values():
            found = await _depths(ctx, reading, members)
            _note(ctx, reading, members, found, round(time.monotonic() - started, 3))


async def _depths(ctx: Context, reading: TargetReading, members: Sequence[_Series]) -> Depths:
    broker, system = reading.broker, reading.system
    assert broker is not None and system is not None  # noqa: S101, PT018 - there are queues, so both were read
    session = await ctx.open(reading.target.name)
    source, records = members[0].source, [m.record for m in members]
    if isinstance(source, FrameworkReading):
        reader: Framework = ctx.systems.frameworks(system, (source.summary.id,))[0]
        return await reader.depths(session, broker, source, records)
    own: Broker = ctx.systems.broker(system)
    return await own.depths(session, broker, records)


def _note(ctx: Context, reading: TargetReading, members: list[_Series], found: Depths, elapsed: float) -> None:
    now, samples = time.time(), []
    for member in members:
        ready = found.get(address(member.record))
        if ready is not None:
            member.points.append((elapsed, float(ready)))
            label = member.source.label(member.record)
            samples.append(Sample(member.source.key, label, "ready", float(ready), now))
    ctx.samples.add(reading.target.fingerprint, samples)


def _flow(one: _Series, after: TargetReading, seconds: float) -> Flow:
    """What can be said about arrivals, completions and failures, from the readings at both ends."""
    source, label = one.source, one.source.label(one.record)
    again = next((s for s in after.sources if s.key == source.key), None)
    record = next((r for r in again.queues if again.label(r) == label), None) if again else None
    if again is None or record is None or record.ready is None or one.record.ready is None:
        return Flow(None, None, "measure_unread")
    ready = (float(one.record.ready), float(record.ready))
    counted = (source.counters.get(label), again.counters.get(label))
    if counted[0] is not None and counted[1] is not None:
        return counted_flow(counted[0], counted[1], ready, seconds)
    if _nobody(source, label) and _nobody(again, label):
        if ready[1] < ready[0]:
            # purged or expired: how many arrived meanwhile nobody saw
            return Flow(None, 0.0, "measure_shrunk")
        return Flow(round((ready[1] - ready[0]) / seconds, 3), 0.0)
    if not (isinstance(source, FrameworkReading) and isinstance(again, FrameworkReading)):
        return Flow(None, None, "measure_no_counters")
    if _unseen(source, label) or _unseen(again, label):
        return Flow(None, None, "measure_replica")
    if not (_all_answered(source) and _all_answered(again)):
        return Flow(None, None, "measure_silent_workers")
    return flow_of(label, ready, source.workers or [], again.workers or [], seconds)


def _nobody(source: Source, label: str) -> bool:
    view = source.consumers.get(label)
    return view is not None and view.count == 0 and view.confidence == "fact"


def _unseen(source: Source, label: str) -> bool:
    """Whether this server is not the one that workers connect to."""
    view = source.consumers.get(label)
    return view is not None and view.basis == "replica"


def _all_answered(framework: FrameworkReading) -> bool:
    liveness: dict[str, Any] = framework.facts.get("liveness") or {}
    answered, expected = liveness.get("answered"), liveness.get("expected")
    return bool(framework.workers and answered and expected is not None and answered >= expected)


def _row(one: _Series, flow: Flow) -> dict[str, Any]:
    trend, drain_s = trend_of(one.points)
    return {
        "name": one.record.name,
        "framework": one.source.framework,
        "arrival_per_s": flow.arrival_per_s,
        "completion_per_s": flow.completion_per_s,
        "failure_per_s": flow.failure_per_s,
        "trend": trend,
        "drain_s": drain_s,
        "points": [[t, int(ready)] for t, ready in one.points],
    }


def _evidence(before: TargetReading, one: _Series, flow: Flow, seconds: float) -> list[Evidence]:
    """The source of a depth is the command that read it at first."""
    subject = f"{before.target.name}/{one.source.label(one.record)}"
    read = next(iter(before.evidence.find("queue.ready", subject)), None)
    rows: list[tuple[str, float | None, str, str]] = []
    if len(one.points) > 1:
        span = one.points[-1][0] - one.points[0][0]
        seen = f"{read.source if read else one.record.name}: {len(one.points)} samples over {span:.1f} s"
        rows.append(("queue.ready", int(one.points[-1][1]), "messages", seen))
        rows.append(("queue.net_rate", round(slope(one.points), 3), "messages/s", seen))
    counted = f"{flow.counted_by}' counters {seconds:.1f} s apart"
    rows.append(("queue.arrival_rate", flow.arrival_per_s, "tasks/s", counted))
    rows.append(("queue.completion_rate", flow.completion_per_s, "tasks/s", counted))
    rows.append(("queue.failure_rate", flow.failure_per_s, "tasks/s", counted))
    paste = read.paste if read else None
    return [
        Evidence(
            metric=metric,
            subject=subject,
            value=value,
            unit=unit,
            source=source,
            paste=paste if source != counted else _COUNTERS.get(one.source.framework or "", paste),
        )
        for metric, value, unit, source in rows
        if value is not None
    ]


def _numbered(evidence: list[Evidence]) -> list[Evidence]:
    return [e.model_copy(update={"id": f"e{i}"}) for i, e in enumerate(evidence, 1)]


def _gaps(target: str, one: _Series, flow: Flow) -> list[Gap]:
    at = At(target=target, framework=one.source.framework, namespace=one.record.namespace, queue=one.record.name)
    rates = (("arrival_per_s", flow.arrival_per_s), ("completion_per_s", flow.completion_per_s))
    fields = [name for name, rate in rates if rate is None]
    gaps = [Gap(at, name, Texts(flow.reason or "measure_unread")) for name in fields]
    if flow.failure_per_s is None:
        gaps.append(Gap(at, "failure_per_s", Texts("measure_failures")))
    if len(one.points) < LEAST_POINTS:
        gaps.append(Gap(at, "trend", Texts("measure_unread")))
    return gaps
