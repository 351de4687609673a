"""Calls the model with the tools bound, within the turn's limits."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from agent.models import cost_usd, translated
from agent.nodes.runtime import Runtime
from agent.state import AgentState, Usage
from tools.config import ModelConfig
from tools.untrusted import wrap

# The same call with the same arguments, this often in one turn, is a loop.
SAME_CALL_LIMIT = 2


@cache
def expertise(lang: str) -> str:
    """The expertise prompt; the stable prefix of every request."""
    return files("agent.prompts").joinpath(f"expertise.{lang}.md").read_text(encoding="utf-8")


async def think(state: AgentState, runtime: Runtime) -> dict[str, Any]:
    """One model call; `stop` says why a turn ends without one.

    Raises:
        ModelFailed: the endpoint gave no usable answer and nothing was gathered yet.
    """
    config = runtime.config.model
    if stop := _limit(state, config):
        return {"stop": stop}
    try:
        reply = await runtime.bound_model.ainvoke(prompt(state))
    except Exception as error:
        failure = translated(error, config)
        if failure is None:
            raise
        if not state.get("evidence"):
            raise failure from None
        return {"stop": "model"}
    message = AIMessage.model_validate(reply.model_dump())
    update = {"messages": [message], "steps": state["steps"] + 1, "usage": _usage(state["usage"], message, config)}
    return update | ({"stop": "loop"} if _loops(state, message) else {})


def prompt(state: AgentState) -> list[AnyMessage]:
    """Expertise, history, context just before the last question, and what this turn has done since."""
    messages = state["messages"]
    last = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
    context = "\n".join(wrap(source, document) for source, document in state["context"].items())
    return [SystemMessage(expertise(state["lang"])), *messages[:last], SystemMessage(context), *messages[last:]]


def _limit(state: AgentState, config: ModelConfig) -> str | None:
    usage = state["usage"]
    if state["steps"] >= config.max_steps:
        return "steps"
    if usage["input_tokens"] + usage["output_tokens"] >= config.max_tokens_per_turn:
        return "tokens"
    limit = config.max_cost_usd_per_turn
    if limit is not None and (usage["cost_usd"] or 0) >= limit:
        return "cost"
    return None


def _usage(before: Usage, message: AIMessage, config: ModelConfig) -> Usage:
    reported = message.usage_metadata
    taken, given = (reported["input_tokens"], reported["output_tokens"]) if reported else (0, 0)
    cost = cost_usd(config, taken, given)
    total = before["cost_usd"] if cost is None else (before["cost_usd"] or 0) + cost
    return Usage(
        input_tokens=before["input_tokens"] + taken, output_tokens=before["output_tokens"] + given, cost_usd=total
    )


def _loops(state: AgentState, message: AIMessage) -> bool:
    made = [_key(call) for call in state["tool_calls"]]
    return any(made.count(_key(dict(call))) >= SAME_CALL_LIMIT for call in message.tool_calls)


def _key(call: dict[str, Any]) -> str:
    return json.dumps([call["name"], call["args"]], sort_keys=True, default=str)
