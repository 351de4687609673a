"""What an answer's references stand for: the evidence and the sections that it names, in a few lines below it."""

from __future__ import annotations

import re
from typing import Any

from agent.models import EMBEDDED
from agent.surfaces.cli.language import say
from tools.untrusted import clean

# More than this many lines would bury the answer; `--json` has everything.
MOST_LINES = 8
_REFERENCE = re.compile(r"\[(e\d+)\]")
_TEXT = 160


def footnotes(answer: dict[str, Any]) -> list[str]:
    """Lines in the language of the answer; empty when it refers to nothing."""
    lang = answer["language"]
    parts = [("evidence", _evidence(answer, lang)), ("sources", _sources(answer))]
    lines: list[str] = []
    for key, found in parts:
        if found:
            lines += [f"{say(lang, key)}:", *(f"  {line}" for line in _cut(found, lang))]
    if answer.get("partial"):
        lines.append(say(lang, "partial"))
    return lines


def _evidence(answer: dict[str, Any], lang: str) -> list[str]:
    from tools.texts import number

    named = dict.fromkeys(_REFERENCE.findall(answer["answer"]))
    known = {item["id"]: item for item in answer["evidence"]}
    lines = []
    for item in (known[ref] for ref in named if ref in known):
        value = item["value"]
        shown = number(lang, value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
        unit = f" {item['unit']}" if item.get("unit") else ""
        read_by = item.get("paste") or item["source"]
        lines.append(clean(f"[{item['id']}] {item['metric']} {item['subject']} = {shown}{unit} · {read_by}", _TEXT))
    return lines


def _sources(answer: dict[str, Any]) -> list[str]:
    """Ids with titles; none for the embedded brain, whose text gives the titles itself."""
    if answer["model"] == EMBEDDED:
        return []
    return [clean(f"[{cited['id']}] {cited['title']}", _TEXT) for cited in answer["citations"]]


def _cut(lines: list[str], lang: str) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], say(lang, "more", count=len(lines) - MOST_LINES)]
