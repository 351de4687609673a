"""`inspect_broker`: one broker, its frameworks and all its queues."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.collect import collect
from tools.contract import BrokerReport, Context, ToolOutput
from tools.rendering import notices_of, unknown_of

MOST_QUEUES = 200


class Args(BaseModel):
    """Overview of one broker: health, memory, connections, and every queue of every framework with its counts."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")


async def run(ctx: Context, args: Args) -> ToolOutput:
    """A `BrokerReport`.

    Raises:
        TargetError: the broker could not be read at all.
    """
    reading = await collect(ctx, args.target)
    if reading.error is not None:
        raise reading.error
    broker = reading.broker
    assert broker is not None  # noqa: S101 - collect gives one or the other
    records = reading.records()
    report = BrokerReport(
        target=args.target,
        system=broker.system,
        version=broker.version,
        role=broker.role,
        health=broker.health,
        memory=broker.memory,
        connections=broker.connections,
        frameworks=[f.summary for f in reading.frameworks],
        queues=records[:MOST_QUEUES],
        queues_total=len(records),
        coverage=broker.coverage,
        warnings=notices_of(ctx.lang, reading),
    )
    return ToolOutput(
        report.model_dump(), reading.evidence.items, unknown_of(ctx.lang, reading), truncated=len(records) > MOST_QUEUES
    )
