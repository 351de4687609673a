"""Begins a turn: finds knowledge sections for the question and gathers what the thread knows.

Both stand just before the last human message when the model is called, and in no stored message.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage

from agent.embedded.slots import read_slots
from agent.models import model_name
from agent.nodes.runtime import Runtime
from agent.state import AgentState, ThreadFacts, Usage
from knowledge.language import Language, detect_language
from tools.redact import redact

SECTIONS = 4
# Characters of one section that reach a model: sections are written to stand alone within 180 words.
SECTION_CHARACTERS = 2_400


async def retrieve(state: AgentState, runtime: Runtime) -> dict[str, Any]:
    """The turn's clean start, with `context`: the `thread` and `knowledge` documents."""
    question = redact(last_question(state), *runtime.config.secrets)
    lang = state.get("lang_wanted") or _language(question, state, runtime)
    # A request that is refused or answered without a tool names its queue as well as any other.
    facts = spoken_of(question, state, [*runtime.config.targets])
    state = {**state, "facts": facts}
    return {
        "facts": facts,
        "messages": _redacted(state, question),
        "question": question,
        "lang": lang,
        "context": {"thread": _thread(state, runtime, lang), "knowledge": await _knowledge(question, runtime, lang)},
        "results": [],
        "evidence": [],
        "tool_calls": [],
        "steps": 0,
        "usage": Usage(input_tokens=0, output_tokens=0, cost_usd=None),
        "model": model_name(runtime.config.model),
        "stop": None,
        "reason": None,
        "final": None,
    }


def last_question(state: AgentState) -> str:
    """The text of the newest human message; empty when there is none."""
    asked = (m.text for m in reversed(state.get("messages") or []) if isinstance(m, HumanMessage))
    return str(next(asked, ""))


def spoken_of(question: str, state: AgentState, targets: list[str]) -> ThreadFacts:
    """The thread's facts with the one target and the one queue that the question names beyond doubt."""
    slots = read_slots(question, targets, list(state.get("queues") or []))
    facts = ThreadFacts(**(state.get("facts") or {}))
    if len(slots.targets) == 1 and slots.targets[0] in targets and facts.get("target") != slots.targets[0]:
        facts = ThreadFacts(target=slots.targets[0])
    if len(slots.queues) == 1 and not slots.unmasked:
        facts["queue"] = slots.queues[0]
    return facts


def _redacted(state: AgentState, question: str) -> list[AnyMessage]:
    """The last human message in place of the one that holds a secret: not every surface (studio) redacts it before."""
    asked = next(m for m in reversed(state["messages"]) if isinstance(m, HumanMessage))
    return [] if asked.text == question else [HumanMessage(question, id=asked.id)]


def _language(question: str, state: AgentState, runtime: Runtime) -> Language:
    """That of the question. One that consists of names alone ("mail?") goes on in the thread's language."""
    before = state.get("lang")
    if before:
        named = {*runtime.config.targets, *runtime.runner.registry.framework_ids, *(state.get("queues") or [])}
        words = {word.strip(".:-") for word in re.findall(r"[\w.:-]+", question)}
        letters = [word for word in words - named if re.search(r"[^\W\d_]", word)]
        # One word in Latin letters is a name here as well: the answer to "which queue?".
        if not letters or (len(letters) == 1 and letters[0].isascii()):
            return before
    return detect_language(question)


async def _knowledge(question: str, runtime: Runtime, lang: Language) -> dict[str, Any]:
    found = await asyncio.to_thread(lambda: runtime.knowledge.search(question, lang=lang, k=SECTIONS))
    sections = [
        {
            "id": hit.id,
            "title": hit.title,
            "heading": hit.heading,
            "lang": hit.lang,
            "score": round(hit.score or 0.0, 3),
            "text": hit.text[:SECTION_CHARACTERS],
        }
        for hit in found.hits
    ]
    return {"off_topic": found.off_topic, "sections": sections}


def _thread(state: AgentState, runtime: Runtime, lang: Language) -> dict[str, Any]:
    registry = runtime.runner.registry
    targets = [{"name": t.name, "system": registry.system_of(t.scheme)} for t in runtime.config.targets.values()]
    return {
        "language": lang,
        "targets": targets,
        "facts": dict(state.get("facts") or {}),
        "queues": list(state.get("queues") or []),
        "frameworks": registry.framework_ids,
        "earlier": list(state.get("earlier") or []),
        "introduced": bool(state.get("introduced")),
        "target_missing": not targets,
    }
