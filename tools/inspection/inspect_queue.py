"""`inspect_queue`: one queue in full."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.collect import collect
from tools.contract import Context, Evidence, QueueRecord, ToolOutput
from tools.lookup import find_queue, gaps_of
from tools.reading import TargetReading, address
from tools.rendering import rendered_gap


class Args(BaseModel):
    """One queue in full: waiting, in flight, scheduled, retrying, priorities, consumers."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")
    queue: str = Field(min_length=1, description="the queue's exact name")
    framework: str | None = Field(None, description="such as celery, when the name is ambiguous")
    namespace: str | None = Field(None, description="key prefix or vhost, when the name is ambiguous")


async def run(ctx: Context, args: Args) -> ToolOutput:
    """A `QueueRecord`, with the evidence of that queue and of what its consumers were judged by.

    Raises:
        TargetError: the broker could not be read.
        UnknownQueue, AmbiguousQueue: the name does not lead to one queue.
    """
    reading = await collect(ctx, args.target, framework=args.framework)
    record = find_queue(reading, args.queue, framework=args.framework, namespace=args.namespace)
    unknown = [rendered_gap(ctx.lang, gap) for gap in gaps_of(reading, record)]
    return ToolOutput(record.model_dump(), evidence_of(reading, record), unknown)


def evidence_of(reading: TargetReading, record: QueueRecord) -> list[Evidence]:
    """Evidence about the queue itself, and about who is connected or holds messages."""
    target = reading.target.name
    own = {f"{target}/{record.name}", f"{target}/{address(record)}"}
    shared = {"broker.consumer_clients", "broker.pubsub_clients", "unacked.total"}
    return [e for e in reading.evidence.items if e.subject in own or (e.subject == target and e.metric in shared)]
