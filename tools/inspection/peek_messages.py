"""`peek_messages`: a few messages of one queue, redacted, where they lie."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tools.collect import collect
from tools.contract import Context, MessageState, ToolOutput
from tools.lookup import find_queue, gaps_of
from tools.reading import Broker, Framework, Peek
from tools.rendering import rendered_gap

MOST = 20
# The field of the queue record that counts the messages of a state.
_COUNTED_AS: dict[MessageState, str] = {
    "ready": "ready", "scheduled": "scheduled", "retry": "retrying", "active": "in_flight", "dead": "dead",
}  # fmt: skip


class Args(BaseModel):
    """Look at a few messages of a queue without consuming them; payloads are redacted."""

    model_config = ConfigDict(extra="forbid")
    target: str = Field(description="name of a configured target")
    queue: str = Field(min_length=1, description="the queue's exact name")
    state: MessageState = Field("ready", description="which messages")
    limit: int = Field(5, ge=1, le=MOST)
    framework: str | None = Field(None, description="such as celery, when the name is ambiguous")
    namespace: str | None = Field(None, description="key prefix or vhost, when the name is ambiguous")


async def run(ctx: Context, args: Args) -> ToolOutput:
    """`{"messages": [MessageSummary…]}`, next to be consumed first; `no_data` when there is none in that state.

    Raises:
        TargetError: the broker could not be read, or keeps no such messages.
        UnknownQueue, AmbiguousQueue: the name does not lead to one queue.
    """
    reading = await collect(ctx, args.target, workers=False, framework=args.framework)
    record = find_queue(reading, args.queue, framework=args.framework, namespace=args.namespace)
    assert reading.broker is not None  # noqa: S101 - find_queue raises without
    assert reading.system is not None  # noqa: S101 - the same
    reader: Framework | Broker = ctx.systems.broker(reading.system)
    if record.framework is not None:
        reader = ctx.systems.frameworks(reading.system, (record.framework,))[0]
    request = Peek(record.name, args.state, args.limit, record.namespace)
    messages = await reader.peek(await ctx.open(args.target), reading.broker, request)
    unknown = [rendered_gap(ctx.lang, g) for g in gaps_of(reading, record) if g.field == _COUNTED_AS[args.state]]
    data = {"messages": [m.model_dump() for m in messages]}
    return ToolOutput(data, unknown=unknown, status="ok" if messages else "no_data")
