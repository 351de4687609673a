"""`list_targets`: what there is to look at, and whether it answers."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict

from tools import texts
from tools.contract import Context, ToolOutput
from tools.errors import QueuewrightError, Unsupported


class Args(BaseModel):
    """List the configured brokers and clusters by name, and whether each can be reached."""

    model_config = ConfigDict(extra="forbid")


async def run(ctx: Context, _args: Args) -> ToolOutput:
    """`{"targets": [{"name", "system", "reachable", "error"}]}`; all asked at once."""
    rows = await asyncio.gather(*(_row(ctx, name) for name in sorted(ctx.config.targets)))
    return ToolOutput({"targets": list(rows)}, status="ok" if rows else "no_data")


async def _row(ctx: Context, name: str) -> dict[str, object]:
    target = ctx.config.target(name)
    system = ctx.systems.system_of(target.scheme)
    try:
        if system is None:
            raise Unsupported("scheme_unsupported", target=name, scheme=target.scheme)
        await ctx.systems.broker(system).ping(await ctx.open(name))
    except QueuewrightError as error:
        message, hint = texts.error_texts(ctx.lang, error)
        failure = {"code": error.code, "message": message, "hint": hint}
        return {"name": name, "system": system, "reachable": False, "error": failure}
    return {"name": name, "system": system, "reachable": True, "error": None}
