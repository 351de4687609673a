"""Reads a target once, for every tool that needs it: broker, then the frameworks on it, then what nobody explains."""

from __future__ import annotations

import asyncio
import time

from tools.contract import At, Context, QueueRecord, Scalar
from tools.errors import QueuewrightError, TargetError, Unsupported
from tools.reading import BrokerReading, Framework, FrameworkReading, Gap, TargetReading, Texts
from tools.samples import Sample

# Lists that no layout explains are only worth a line above this many items (contract, queue record).
STRAY_ABOVE = 100


async def collect(ctx: Context, name: str, *, workers: bool = True, framework: str | None = None) -> TargetReading:
    """Everything that can be read of a target; an error ends in `error`, and what was read before it stays.

    Raises:
        UnknownTarget: no such target.
    """
    target = ctx.config.target(name)
    reading = TargetReading(target, ctx.systems.system_of(target.scheme))
    if reading.system is None:
        reading.error = Unsupported("scheme_unsupported", target=name, scheme=target.scheme)
        return reading
    try:
        session = await ctx.open(name)
        reading.broker = await ctx.systems.broker(reading.system).read(session, reading.evidence)
    except TargetError as error:
        reading.error = error
        return reading
    only = (framework,) if framework else target.frameworks
    found = await asyncio.gather(
        *(_framework(f, session, reading, workers) for f in ctx.systems.frameworks(reading.system, only))
    )
    reading.frameworks = [f for f in found if f is not None]
    if framework is None:
        reading.stray = _stray(reading.broker, reading.frameworks)
    _remember(ctx, reading)
    return reading


async def _framework(
    framework: Framework, session: object, reading: TargetReading, workers: bool
) -> FrameworkReading | None:
    assert reading.broker is not None  # noqa: S101 - collect has read it
    try:
        return await framework.read(session, reading.broker, reading.evidence, workers=workers)
    except QueuewrightError as error:
        at = At(target=reading.target.name, framework=framework.id)
        facts: dict[str, Scalar] = {
            "framework": framework.id,
            "detail": f"{error.code}: {error.facts.get('detail', '')}",
        }
        reading.broker.gaps.append(Gap(at, "queues", Texts("framework_unread", facts)))
        reading.broker.coverage.complete = False
        return None


def _stray(broker: BrokerReading, frameworks: list[FrameworkReading]) -> list[QueueRecord]:
    claimed = {name for f in frameworks for name in f.claimed}
    lengths: dict[str, int] = broker.facts.get("list_lengths", {})
    return [
        QueueRecord(name=name, framework=None, kind="list", ready=length)
        for name, length in lengths.items()
        if length > STRAY_ABOVE and name not in claimed
    ]


def _remember(ctx: Context, reading: TargetReading) -> None:
    now = time.time()
    samples = [
        Sample(framework.summary.id, record.name, metric, float(value), now)
        for framework in reading.frameworks
        for record in framework.queues
        for metric, value in (("ready", record.ready), ("in_flight", record.in_flight))
        if value is not None
    ]
    ctx.samples.add(reading.target.fingerprint, samples)
