"""Finishes the turn: checks the draft against the evidence, resolves citations, folds the history.

Calls no model unless it repairs.
"""

from __future__ import annotations

import re
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage

from agent import texts
from agent.nodes.grounding import unsupported
from agent.nodes.runtime import Runtime
from agent.nodes.think import prompt
from agent.state import AgentState
from tools.untrusted import unwrap

# Turns kept word by word; of older ones the questions stay. Thread facts stand beside the history, so they survive.
KEEP_TURNS = 8
KEEP_EARLIER = 40
EARLIER_CHARACTERS = 120
_CITATION = re.compile(r"\[([a-z-]+/[\w-]+(?:#[\w-]+)?)\]")


async def answer(state: AgentState, runtime: Runtime) -> dict[str, Any]:
    """Sets `final` and leaves only question and answer of the turn in the history."""
    draft = _draft(state)
    wrong = _wrong(state, draft)
    if wrong and not runtime.streams and not state.get("stop"):
        draft = await _repaired(state, runtime, draft, wrong) or draft
        wrong = _wrong(state, draft)
    if wrong:
        draft = f"{draft}\n\n{texts.render(state['lang'], 'correction', values=', '.join(wrong[:8]))}"
    partial = bool(state.get("stop")) or any(call["status"] == "error" for call in state["tool_calls"])
    final = {
        "answer": draft,
        "language": state["lang"],
        "model": state["model"],
        "partial": partial,
        "citations": _citations(draft, state),
        "tool_calls": state["tool_calls"],
        "evidence": state["evidence"],
        "pending_approval": None,
        "usage": state["usage"],
    }
    return {"final": final, "introduced": True, "results": [], **_folded(state, draft)}


def _draft(state: AgentState) -> str:
    last = state["messages"][-1]
    text = _text(last) if isinstance(last, AIMessage) and not last.tool_calls else ""
    stop = state.get("stop")
    if stop:
        note = texts.render(state["lang"], f"stop.{stop}")
        gathered = _gathered(state)
        return "\n\n".join(part for part in (text, note, gathered) if part)
    return text or texts.render(state["lang"], "stop.empty")


def _gathered(state: AgentState) -> str:
    """Evidence of a turn that was cut short, as a list: honest and partial."""
    rows = [
        f"- {e['metric']} {e['subject']}: {e['value']} {e['unit'] or ''} [{e['id']}]" for e in state["evidence"][:20]
    ]
    return "\n".join(rows)


def _wrong(state: AgentState, draft: str) -> list[str]:
    documents = [d for m in state["messages"] if isinstance(m, ToolMessage) for _, d in unwrap(str(m.content))]
    documents += [{"evidence": state["evidence"], "context": state["context"]}]
    said = [
        _text(m)
        for m in state["messages"]
        if isinstance(m, (HumanMessage, AIMessage)) and m is not state["messages"][-1]
    ]
    return unsupported(draft, documents, [*said, state["question"], *texts.all_texts(state["lang"])])


async def _repaired(state: AgentState, runtime: Runtime, draft: str, wrong: list[str]) -> str | None:
    """One more try; None when it gave no text."""
    request = texts.render(state["lang"], "repair", values=", ".join(wrong[:8]))
    reply = await runtime.model.ainvoke([*prompt(state)[:-1], AIMessage(draft), HumanMessage(request)])
    return _text(reply) or None


def _citations(draft: str, state: AgentState) -> list[dict[str, Any]]:
    """Sections that the draft cites and the turn has seen; scores from retrieval where it found them."""
    seen = {s["id"]: s for s in state["context"]["knowledge"]["sections"]}
    for message in state["messages"]:
        if isinstance(message, ToolMessage) and message.name == "search_knowledge":
            for _, document in unwrap(str(message.content)):
                hits = (document.get("data") or {}).get("hits", []) if isinstance(document, dict) else []
                seen |= {hit["id"]: hit for hit in hits}
    cited = dict.fromkeys(_CITATION.findall(draft))
    return [
        {"id": i, "title": seen[i]["title"] if i in seen else None, "score": seen[i]["score"] if i in seen else None}
        for i in cited
    ]


def _folded(state: AgentState, draft: str) -> dict[str, Any]:
    """Removes the turn's tool traffic, and turns beyond `KEEP_TURNS`, whose questions stay in `earlier`."""
    messages = state["messages"]
    humans = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    first_kept = humans[-KEEP_TURNS] if len(humans) > KEEP_TURNS else 0
    gone = [*messages[:first_kept], *messages[humans[-1] + 1 :]]
    asked = [_text(m)[:EARLIER_CHARACTERS] for m in messages[:first_kept] if isinstance(m, HumanMessage)]
    return {
        "messages": [*(RemoveMessage(id=str(m.id)) for m in gone), AIMessage(draft)],
        "earlier": [*(state.get("earlier") or []), *asked][-KEEP_EARLIER:],
    }


def _text(message: AnyMessage) -> str:
    return message.text if isinstance(message.text, str) else str(message.content)
