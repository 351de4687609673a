"""Runs the model's tool calls through the runner, in parallel: at this risk they only read."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.messages import AIMessage

from agent.nodes.runtime import Runtime
from agent.state import AgentState
from tools.contract import ToolResult
from tools.errors import BadArguments, InputError
from tools.runner import error_info


async def act(state: AgentState, runtime: Runtime, thread_id: str | None) -> dict[str, Any]:
    """Fills `results` with one envelope per call, in the order of the calls; a wrong call is an envelope too."""
    message = state["messages"][-1]
    assert isinstance(message, AIMessage)  # noqa: S101 - the graph routes here only after a reply with calls
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    results = await asyncio.gather(*(_call(dict(call), state["lang"], runtime, thread_id) for call in calls))
    return {"results": list(results)}


async def _call(call: dict[str, Any], lang: str, runtime: Runtime, thread_id: str | None) -> dict[str, Any]:
    name, args = str(call["name"]), call["args"]
    try:
        if not isinstance(args, dict):
            raise BadArguments("arguments_json", detail=str(call.get("error") or args)[:200])
        result = await runtime.runner.call(name, args, lang=lang, thread_id=thread_id)
    except InputError as error:
        info = error_info(error, lang, runtime.config.secrets)
        result = ToolResult(tool=name[:80], status="error", error=info)
        args = args if isinstance(args, dict) else {}
    return {"id": call["id"], "name": name, "args": args, "result": result.model_dump()}
