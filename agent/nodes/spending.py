"""What a turn has spent, and whether it may go on: steps, tokens, money, and the same call again and again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage

from agent.models import CHARACTERS_PER_TOKEN, EMBEDDED, cost_usd, model_name
from agent.state import AgentState, Usage
from tools.config import ModelConfig

# The same call with the same arguments, this often in one turn, is a loop.
SAME_CALL_LIMIT = 2


def exceeded(state: AgentState, config: ModelConfig) -> str | None:
    """The limit that forbids another model call: `steps`, `tokens`, `cost`, or None."""
    usage = state["usage"]
    if state["steps"] >= config.max_steps:
        return "steps"
    if usage["input_tokens"] + usage["output_tokens"] >= config.max_tokens_per_turn:
        return "tokens"
    limit = config.max_cost_usd_per_turn
    if limit is not None and (usage["cost_usd"] or 0) >= limit:
        return "cost"
    return None


def spent(before: Usage, asked: Sequence[AnyMessage], reply: AIMessage, config: ModelConfig) -> Usage:
    """The turn's usage after one more call.

    An endpoint that reports nothing would escape every limit, so its tokens are estimated: four characters each.
    """
    if model_name(config) == EMBEDDED:
        # It spends no model tokens; its endpoint estimates them only because the protocol wants a figure.
        return before
    reported = reply.usage_metadata
    if reported and reported["input_tokens"]:
        taken, given = reported["input_tokens"], reported["output_tokens"]
    else:
        taken, given = sum(map(_tokens, asked)), _tokens(reply)
    cost = cost_usd(config, taken, given)
    return Usage(
        input_tokens=before["input_tokens"] + taken,
        output_tokens=before["output_tokens"] + given,
        cost_usd=before["cost_usd"] if cost is None else (before["cost_usd"] or 0) + cost,
    )


def loops(state: AgentState, message: AIMessage) -> bool:
    """Whether the message asks once more for what the turn has asked often enough, valid or not."""
    made = [_key(call) for call in state["tool_calls"]]
    wanted = [_key(dict(call)) for call in (*message.tool_calls, *message.invalid_tool_calls)]
    return any(made.count(key) >= SAME_CALL_LIMIT for key in wanted)


def _key(call: dict[str, Any]) -> str:
    # arguments that are no JSON are recorded as none, so they are compared as none
    args = call["args"] if isinstance(call["args"], dict) else {}
    return json.dumps([call["name"], args], sort_keys=True, default=str)


def _tokens(message: AnyMessage) -> int:
    calls = json.dumps(message.tool_calls) if isinstance(message, AIMessage) and message.tool_calls else ""
    return -(-(len(message.text) + len(calls)) // CHARACTERS_PER_TOKEN)
