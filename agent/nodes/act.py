"""Runs the model's tool calls through the runner, in parallel: at this risk they only read."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.messages import AIMessage

from agent.nodes.runtime import Runtime
from agent.state import AgentState
from tools.contract import ToolResult
from tools.errors import BadArguments, InputError, LimitReached, QueuewrightError
from tools.runner import error_info

# Calls of one reply that are run; further ones are refused, so that one reply cannot flood a broker.
MOST_CALLS_AT_ONCE = 8


async def act(state: AgentState, runtime: Runtime, thread_id: str | None) -> dict[str, Any]:
    """Fills `results` with one envelope per call, in the order of the calls; a wrong call is an envelope too."""
    message = state["messages"][-1]
    assert isinstance(message, AIMessage)  # noqa: S101 - the graph routes here only after a reply with calls
    calls = [dict(call) for call in (*message.tool_calls, *message.invalid_tool_calls)]
    lang = state["lang"]
    run, over = calls[:MOST_CALLS_AT_ONCE], calls[MOST_CALLS_AT_ONCE:]
    results = await asyncio.gather(*(_call(call, lang, runtime, thread_id) for call in run))
    limit = LimitReached(limit=f"{MOST_CALLS_AT_ONCE} calls at once")
    return {"results": [*results, *(_refused(call, limit, lang, runtime) for call in over)]}


async def _call(call: dict[str, Any], lang: str, runtime: Runtime, thread_id: str | None) -> dict[str, Any]:
    name, args = str(call["name"]), call["args"]
    try:
        if not isinstance(args, dict):
            raise BadArguments("arguments_json", detail=str(args)[:200])
        result = await runtime.runner.call(name, args, lang=lang, thread_id=thread_id)
    except InputError as error:
        return _refused(call, error, lang, runtime)
    return {"id": call["id"], "name": name, "args": args, "result": result.model_dump()}


def _refused(call: dict[str, Any], error: QueuewrightError, lang: str, runtime: Runtime) -> dict[str, Any]:
    name, args = str(call["name"])[:80], call["args"] if isinstance(call["args"], dict) else {}
    info = error_info(error, lang, runtime.config.secrets)
    result = ToolResult(tool=name, status="error", error=info)
    return {"id": call["id"], "name": name, "args": args, "result": result.model_dump()}
