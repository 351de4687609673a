"""`inspect_workers`: who works, on what, and who does not answer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.collect import collect
from tools.contract import At, Context, ToolOutput, UnknownValue, WorkerRecord
from tools.reading import FrameworkReading, Gap, TargetReading, Texts
from tools.rendering import rendered_gap

_FIELDS = {"workers", "clients", "heartbeat_age_s", "server"}
_METRICS = ("worker.", "broker.consumer_clients", "broker.pubsub_clients")


class Args(BaseModel):
    """Live workers: state, concurrency, queues, running jobs with run time, and workers that do not answer."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")
    framework: str | None = Field(None, description="such as celery; all when absent")


async def run(ctx: Context, args: Args) -> ToolOutput:
    """`{"workers": [WorkerRecord…]}`; an empty list says that nobody is there, null that nobody could tell.

    Raises:
        TargetError: the broker could not be read.
    """
    reading = await collect(ctx, args.target, framework=args.framework)
    if reading.error is not None:
        raise reading.error
    known = [f.workers for f in reading.frameworks if f.workers is not None]
    workers = [worker for found in known for worker in found]
    unknown = _unknown(ctx, reading, workers)
    data = {"workers": [w.model_dump() for w in workers] if known or not reading.frameworks else None}
    evidence = [e for e in reading.evidence.items if e.metric.startswith(_METRICS)]
    return ToolOutput(data, evidence, unknown, status="ok" if reading.frameworks else "no_data")


def _unknown(ctx: Context, reading: TargetReading, workers: list[WorkerRecord]) -> list[UnknownValue]:
    gaps = [g for g in (reading.broker.gaps if reading.broker else []) if g.field in _FIELDS | {"queues"}]
    gaps += [g for f in reading.frameworks for g in f.gaps if g.field in _FIELDS]
    gaps += [g for f in reading.frameworks for g in _without_heartbeat(reading, f)]
    if not reading.frameworks and not gaps:
        at = At(target=reading.target.name)
        gaps.append(Gap(at, "workers", Texts("no_framework", {"target": reading.target.name})))
    return [rendered_gap(ctx.lang, gap) for gap in gaps]


def _without_heartbeat(reading: TargetReading, framework: FrameworkReading) -> list[Gap]:
    """A framework that has workers and no heartbeat of theirs."""
    if not any(w.heartbeat_age_s is None for w in framework.workers or []):
        return []
    name = framework.summary.id
    return [Gap(At(target=reading.target.name, framework=name), "heartbeat_age_s", Texts(f"{name}_heartbeat_age_s"))]
