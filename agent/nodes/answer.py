"""Finishes the turn: checks the draft against the evidence, resolves citations, folds the history.

Calls no model unless it repairs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage

from agent import texts
from agent.models import EMBEDDED, complete, model_name
from agent.nodes.citations import resolve
from agent.nodes.grounding import unsupported
from agent.nodes.partial import gathered
from agent.nodes.runtime import Runtime
from agent.nodes.spending import exceeded, spent
from agent.nodes.think import prompt
from agent.state import AgentState, Usage
from tools.errors import ModelFailed
from tools.untrusted import unwrap

# Turns kept word by word; of older ones the questions stay. Thread facts stand beside the history, so they survive.
KEEP_TURNS = 8
KEEP_EARLIER = 40
EARLIER_CHARACTERS = 120
# Values named in a correction or a request to repair.
MOST_VALUES = 8
# Where an answer in the history keeps the values that nothing supported: later turns may not rest on them.
DOUBTED = "unsupported"


@dataclass
class Draft:
    """An answer as it stands: what it cites, what nothing supports, what it has cost."""

    text: str
    usage: Usage
    citations: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def answer(state: AgentState, runtime: Runtime) -> dict[str, Any]:
    """Sets `final` and leaves only question and answer of the turn in the history."""
    draft = await _checked(_draft(state), state["usage"], state, runtime)
    if draft.wrong and _may_repair(state, runtime):
        draft = await _repaired(draft, state, runtime)
    text = draft.text
    if draft.wrong:
        text += "\n\n" + texts.render(state["lang"], "correction", values=_values(draft))
    final = {
        "answer": text,
        "language": state["lang"],
        "model": state["model"],
        "partial": bool(state.get("stop")) or any(call["status"] == "error" for call in state["tool_calls"]),
        "citations": draft.citations,
        "tool_calls": state["tool_calls"],
        "evidence": state["evidence"],
        "pending_approval": None,
        "usage": draft.usage,
    }
    return {"final": final, "usage": draft.usage, "introduced": True, **_folded(state, text, draft.wrong)}


def _draft(state: AgentState) -> str:
    """The model's text; of a turn that was cut short also why, and what it had read."""
    messages = state["messages"]
    last, lang, stop = messages[-1], state["lang"], state.get("stop")
    text = str(last.text) if isinstance(last, AIMessage) and not last.tool_calls else ""
    if not stop:
        return text
    note = texts.render(lang, f"stop.{stop}", reason=state.get("reason") or "")
    return "\n\n".join(part for part in (text, note, gathered(lang, messages, state["evidence"])) if part)


def _may_repair(state: AgentState, runtime: Runtime) -> bool:
    """What was shown cannot be taken back, and the embedded brain would take the request for a question."""
    config = runtime.config.model
    shown = runtime.streams or model_name(config) == EMBEDDED
    return not shown and not state.get("stop") and not exceeded(state, config)


async def _checked(text: str, usage: Usage, state: AgentState, runtime: Runtime) -> Draft:
    citations, lost = await resolve(text, state, runtime)
    read = [str(m.content) for m in state["messages"] if isinstance(m, ToolMessage)]
    documents = [*(d for text in read for _, d in unwrap(text)), state["evidence"], state["context"]]
    last = max(i for i, m in enumerate(state["messages"]) if isinstance(m, HumanMessage))
    said = [_trusted(m) for m in state["messages"][: last + 1] if isinstance(m, (HumanMessage, AIMessage))]
    wrong = unsupported(text, documents, [*said, state["question"]])
    return Draft(text, usage, citations, [*wrong, *lost])


async def _repaired(draft: Draft, state: AgentState, runtime: Runtime) -> Draft:
    """One more try; the draft as it was when it failed."""
    request = texts.render(state["lang"], "repair", values=_values(draft))
    config = runtime.config.model
    messages = [*prompt(state), HumanMessage(request)]
    try:
        reply = await complete(runtime.bound_model, messages, config)
    except ModelFailed:
        return draft
    usage = spent(draft.usage, messages, reply, config)
    if reply.tool_calls or not reply.text:
        return Draft(draft.text, usage, draft.citations, draft.wrong)
    return await _checked(str(reply.text), usage, state, runtime)


def _values(draft: Draft) -> str:
    return ", ".join(draft.wrong[:MOST_VALUES])


def _trusted(message: AnyMessage) -> str:
    """What was said, without the values that were already marked as supported by nothing."""
    text = str(message.text)
    for value in message.additional_kwargs.get(DOUBTED, []):
        text = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", " ", text)
    return text


def _folded(state: AgentState, text: str, wrong: list[str]) -> dict[str, Any]:
    """Removes the turn's tool traffic, and turns beyond `KEEP_TURNS`, whose questions stay in `earlier`."""
    messages = state["messages"]
    humans = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    first_kept = humans[-KEEP_TURNS] if len(humans) > KEEP_TURNS else 0
    gone = [*messages[:first_kept], *messages[humans[-1] + 1 :]]
    asked = [str(m.text)[:EARLIER_CHARACTERS] for m in messages[:first_kept] if isinstance(m, HumanMessage)]
    kept = AIMessage(text, additional_kwargs={DOUBTED: wrong} if wrong else {})
    return {
        "messages": [*(RemoveMessage(id=str(m.id)) for m in gone), kept],
        "earlier": [*(state.get("earlier") or []), *asked][-KEEP_EARLIER:],
    }
