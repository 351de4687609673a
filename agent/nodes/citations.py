"""Resolves what a draft cites: sections as [article#section], evidence as [e3]."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from langchain_core.messages import ToolMessage

from agent.nodes.runtime import Runtime
from agent.state import AgentState
from tools.untrusted import unwrap

_SECTION = re.compile(r"\[([a-z][a-z-]*/[\w-]+(?:#[\w-]+)?)\](?!\()")
_EVIDENCE = re.compile(r"\[(e\d+)\]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.S)


async def resolve(draft: str, state: AgentState, runtime: Runtime) -> tuple[list[dict[str, Any]], list[str]]:
    """Citations in the shape of `ask --json`, and the references that lead nowhere.

    A section that the turn has seen keeps its score; another one that exists has none. Brackets that are no reference
    ([and/or]) are left alone: a section's id begins with a category that exists.
    """
    seen = _seen(state)
    resolved, lost = [], []
    prose = _CODE.sub(" ", draft)
    for section in dict.fromkeys(_SECTION.findall(prose)):
        found = seen.get(section) or await asyncio.to_thread(_looked_up, section, state["lang"], runtime)
        if found:
            resolved.append({"id": section, "title": found["title"], "score": found["score"]})
        elif found is None:
            lost.append(f"[{section}]")
    known = {e["id"] for e in state["evidence"]}
    lost += [f"[{ref}]" for ref in dict.fromkeys(_EVIDENCE.findall(prose)) if ref not in known]
    return resolved, lost


def _seen(state: AgentState) -> dict[str, dict[str, Any]]:
    seen = {s["id"]: s for s in state["context"]["knowledge"]["sections"]}
    for message in state["messages"]:
        if isinstance(message, ToolMessage) and message.name == "search_knowledge":
            for _, document in unwrap(str(message.content)):
                data = document.get("data") if isinstance(document, dict) else None
                seen |= {hit["id"]: hit for hit in (data or {}).get("hits", [])}
    return seen


def _looked_up(section: str, lang: Any, runtime: Runtime) -> dict[str, Any] | None:
    """Title and score of a section outside the turn; None when it should exist and does not; {} when it is no id."""
    from knowledge.search import UnknownSection

    knowledge = runtime.knowledge
    try:
        return {"title": knowledge.section(section, lang)[0].title, "score": None}
    except UnknownSection:
        category = section.partition("/")[0]
        return None if any(a.startswith(f"{category}/") for a in knowledge.article_ids) else {}
