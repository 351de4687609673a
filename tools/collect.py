"""Reads a target once, for every tool that needs it: broker, then frameworks; what they explain is listed once."""

from __future__ import annotations

import asyncio
import time

from tools.contract import At, Context, Scalar
from tools.errors import QueuewrightError, TargetError, Unsupported
from tools.reading import BrokerReading, Framework, FrameworkReading, Gap, TargetReading, Texts, address
from tools.samples import Sample


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
    reading.frameworks = [f for several in found for f in several]
    claimed = {name for f in reading.frameworks for name in f.claimed}
    own = reading.broker.queues if framework is None else []
    reading.broker.queues = [record for record in own if address(record) not in claimed]
    reading.broker.gaps = [gap for gap in reading.broker.gaps if _stands(gap, reading.broker, claimed)]
    _remember(ctx, reading)
    return reading


async def _framework(
    framework: Framework, session: object, reading: TargetReading, workers: bool
) -> list[FrameworkReading]:
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
        return []


def _stands(gap: Gap, broker: BrokerReading, claimed: set[str]) -> bool:
    """Whether an unknown still concerns somebody: those of the broker's own queues go with the queues."""
    return gap.at.framework != "native" or (bool(broker.queues) and gap.at.queue not in claimed)


def _remember(ctx: Context, reading: TargetReading) -> None:
    now = time.time()
    samples = [
        Sample(source.key, source.label(record), metric, float(value), now)
        for source, record in reading.owned()
        for metric, value in (("ready", record.ready), ("in_flight", record.in_flight))
        if value is not None
    ]
    ctx.samples.add(reading.target.fingerprint, samples)
