"""Calls the model with the tools bound, within the turn's limits."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage

from agent.models import complete, cut_by_length
from agent.nodes.runtime import Runtime
from agent.nodes.spending import exceeded, loops, spent
from agent.state import AgentState
from tools.errors import ModelFailed
from tools.runner import error_info
from tools.untrusted import wrap


@cache
def expertise(lang: str) -> str:
    """The expertise prompt; the stable prefix of every request."""
    return files("agent.prompts").joinpath(f"expertise.{lang}.md").read_text(encoding="utf-8")


async def think(state: AgentState, runtime: Runtime) -> dict[str, Any]:
    """One model call; `stop` says why a turn ends without an answer of the model, `reason` what the endpoint said.

    Raises:
        ModelFailed: the endpoint gave no usable answer and nothing was gathered yet.
    """
    config = runtime.config.model
    if stop := exceeded(state, config):
        return {"stop": stop}
    messages = prompt(state)
    try:
        reply = await complete(runtime.bound_model, messages, config, call=state["steps"])
    except ModelFailed as error:
        if not state["evidence"]:
            raise
        return {"stop": "model", "reason": error_info(error, state["lang"], runtime.config.secrets).message}
    stop = "loop" if loops(state, reply) else "length" if cut_by_length(reply) else None
    usage = spent(state["usage"], messages, reply, config)
    return {"messages": [reply], "steps": state["steps"] + 1, "usage": usage, "stop": stop}


def prompt(state: AgentState) -> list[AnyMessage]:
    """Expertise, history, context just before the last question, and what this turn has done since."""
    messages = state["messages"]
    last = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
    context = "\n".join(wrap(source, document) for source, document in state["context"].items())
    return [SystemMessage(expertise(state["lang"])), *messages[:last], SystemMessage(context), *messages[last:]]
