"""`diagnose`: what is wrong, why, and what to do, for one target or all of them at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from tools.collect import collect
from tools.contract import Context, ToolOutput
from tools.diagnosis import engine
from tools.diagnosis.consumers import looks_stalled
from tools.diagnosis.facts import Facts
from tools.diagnosis.history import consumer_samples, consumers_seen, rates_of
from tools.diagnosis.thresholds import RATE_MOST_S, thresholds_of
from tools.errors import Unsupported
from tools.lookup import ambiguous_queue, unknown_queue
from tools.reading import TargetReading
from tools.rendering import unknown_of
from tools.samples import KEEP_S

# A worker that is idle while messages wait may have been about to fetch: two polls of kombu later it must have.
SECOND_LOOK_S = 2.5


class Args(BaseModel):
    """Find what is wrong with queues and workers, why, and what to do, with evidence; also says what was ruled out."""

    model_config = ConfigDict(extra="forbid")
    target: str | None = Field(None, description="one target; all when absent")
    queue: str | None = Field(None, description="only this queue")
    framework: str | None = Field(None, description="only this framework, e.g. celery")
    symptom: str | None = Field(None, max_length=2_000, description="what the person sees, in words")
    window_s: float = Field(0, ge=0, le=60, description="watch this many seconds to tell directions and stalls")


async def run(ctx: Context, args: Args) -> ToolOutput:
    """`{"findings": [Finding…], "checked": [{"target", "cause", "queue"?, "result", "why"}…]}`.

    A target that fails is reported under `unknown` and `checked`, and the rest still comes.

    Raises:
        TargetError: the only target could not be read.
        UnknownQueue, AmbiguousQueue: where a queue was asked for.
    """
    names = [args.target] if args.target else sorted(ctx.config.targets)
    if not names:
        return ToolOutput({"findings": [], "checked": []}, status="no_data")
    targets = await asyncio.gather(*(_facts(ctx, name, args) for name in names))
    if len(targets) == 1 and (error := targets[0].reading.error):
        raise error
    if args.queue is not None:
        targets = _with_queue([t for t in targets if t.reading.error is None], args.queue, args.framework) + [
            t for t in targets if t.reading.error is not None
        ]
    report = engine.diagnose(targets, ctx.lang, args.symptom)
    data = {"findings": [f.model_dump() for f in report.findings], "checked": report.checked}
    unknown = [value for t in targets for value in unknown_of(ctx.lang, t.reading)]
    read = any(t.reading.broker is not None for t in targets)
    return ToolOutput(data, report.evidence, unknown, status="ok" if read else "no_data")


async def _facts(ctx: Context, name: str, args: Args) -> Facts:
    """What two readings tell where a window was asked for, or where one would leave a stall a guess; else one."""
    reading = await _read(ctx, name, args.framework)
    facts = _with_history(ctx, args, reading)
    if reading.error is not None:
        return facts
    window_s = args.window_s or (SECOND_LOOK_S if looks_stalled(facts) else 0.0)
    if not window_s:
        return facts
    await asyncio.sleep(window_s)
    return _with_history(ctx, args, await _read(ctx, name, args.framework), reading, window_s)


def _with_history(
    ctx: Context,
    args: Args,
    reading: TargetReading,
    earlier: TargetReading | None = None,
    window_s: float | None = None,
) -> Facts:
    now, fingerprint = time.time(), reading.target.fingerprint
    return Facts(
        reading,
        thresholds_of(ctx.config.thresholds, reading.target),
        rates_of(reading, ctx.samples.since(fingerprint, now - RATE_MOST_S), now, window_s),
        consumers_seen(ctx.samples.since(_consumers_key(fingerprint), now - KEEP_S)),
        earlier,
        args.queue,
        now,
    )


async def _read(ctx: Context, name: str, framework: str | None) -> TargetReading:
    asked_at = time.time()
    reading = await collect(ctx, name, framework=framework)
    if framework and reading.error is None and not ctx.systems.frameworks(reading.system or "", (framework,)):
        reading.error = Unsupported(target=name, detail=f"framework {framework}")
    ctx.samples.add(_consumers_key(reading.target.fingerprint), consumer_samples(reading, asked_at, time.time()))
    return reading


def _consumers_key(fingerprint: str) -> str:
    """Apart from the depths, so that reading a day of consumers does not read a day of depths."""
    return f"{fingerprint}:consumers"


def _with_queue(targets: Sequence[Facts], queue: str, framework: str | None) -> list[Facts]:
    """The targets that have the queue.

    Raises:
        UnknownQueue: none has it.
        AmbiguousQueue: several frameworks of one target have it, and none was named.
    """
    having = [t for t in targets if any(True for _ in t.queues())]
    if targets and not having:
        raise unknown_queue(
            queue, [t.reading for t in targets], [r for t in targets for f in t.reading.frameworks for r in f.queues]
        )
    for facts in having:
        found = [record for _, record in facts.queues()]
        if len(found) > 1 and framework is None:
            raise ambiguous_queue(queue, facts.reading, found)
    return having
