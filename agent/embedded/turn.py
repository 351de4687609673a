"""What a list of messages says about the turn that is to be answered.

The brain keeps no state, so that it answers the same in process and behind an HTTP endpoint: everything it knows is
read here. Only the last context message counts (a system message with a `thread` block); marked blocks in human
messages are cut out before anybody reads them, because only the graph may write one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.texts import render
from knowledge.language import LANGUAGES, detect_language
from tools.untrusted import clean, unwrap

# Anything that looks like the start of a marked block, closed or not, however it is spelled.
_FORGED = re.compile(r"<\s*/?\s*untrusted\b[^>]*>(?:.*?<\s*/\s*untrusted\s*>)?", re.S | re.I)
_UNREADABLE_CHARACTERS = 300


@dataclass(frozen=True)
class Outcome:
    """A finished tool call of this turn: what was asked, and the envelope that came back (`tools.contract.ToolResult`
    with default fields left out)."""

    tool: str
    args: dict[str, Any]
    envelope: dict[str, Any]

    @property
    def failed(self) -> bool:
        """Whether the call ended in an error."""
        return self.envelope.get("status") == "error"

    @property
    def error_code(self) -> str | None:
        """The error's code, if it is one."""
        return mapping(self.envelope.get("error")).get("code") if self.failed else None

    @property
    def data(self) -> dict[str, Any]:
        """The tool's data; empty when there is none."""
        return mapping(self.envelope.get("data"))

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """The numbered evidence of the call."""
        return rows(self.envelope.get("evidence"))

    @property
    def unknown(self) -> list[dict[str, Any]]:
        """What could not be read."""
        return rows(self.envelope.get("unknown"))


@dataclass(frozen=True)
class Turn:
    """One turn as the messages show it.

    Attributes:
        question: the last human message, without marked blocks.
        previous: the human message before it, or None.
        lang: `en` or `ru`.
        targets: `{"name", "system"}` of each configured target.
        facts: last target, queue and framework of the thread.
        queues: queue names seen so far in the thread.
        introduced: the brain has already said in this conversation what it is.
        sections: knowledge sections, best first: `{"id", "title", "heading", "lang", "score", "text"}`.
        outcomes: tool calls of this turn that have an answer, in the order they were asked for.
        asked: how many tool calls this turn has asked for, answered or not.
        length: number of messages; makes tool call ids unique within a thread.
    """

    question: str
    previous: str | None = None
    lang: str = "en"
    targets: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    queues: list[str] = field(default_factory=list)
    introduced: bool = False
    target_missing: bool = False
    sections: list[dict[str, Any]] = field(default_factory=list)
    off_topic: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    asked: int = 0
    length: int = 0

    @property
    def target_names(self) -> list[str]:
        """Names of the configured targets."""
        return [str(t["name"]) for t in self.targets if t.get("name")]


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """The turn that the last human message opened. Without a context message the language is that of the question."""
    humans = [n for n, m in enumerate(messages) if isinstance(m, HumanMessage) and not _asks_for_repair(m)]
    last = humans[-1] if humans else len(messages)
    question = spoken(messages[last]) if humans else ""
    thread, knowledge = _context(messages)
    asked = [call for m in messages[last:] if isinstance(m, AIMessage) for call in m.tool_calls]
    answers = {m.tool_call_id: text_of(m) for m in messages[last:] if isinstance(m, ToolMessage)}
    lang = thread.get("language") if thread else detect_language(question)
    return Turn(
        question=question,
        previous=spoken(messages[humans[-2]]) if len(humans) > 1 else None,
        lang="ru" if lang == "ru" else "en",
        targets=rows(thread.get("targets")),
        facts={k: str(v) for k, v in mapping(thread.get("facts")).items() if v},
        queues=[str(q) for q in sequence(thread.get("queues"))],
        introduced=bool(thread["introduced"]) if "introduced" in thread else _spoke_before(messages[:last]),
        target_missing=bool(thread.get("target_missing")),
        sections=[s for s in rows(knowledge.get("sections")) if s.get("id") and s.get("text")],
        off_topic=bool(knowledge.get("off_topic")),
        outcomes=[
            Outcome(call["name"], dict(call["args"]), _envelope(call["name"], answers[call["id"] or ""]))
            for call in asked
            if (call["id"] or "") in answers
        ],
        asked=len(asked),
        length=len(messages),
    )


def text_of(message: BaseMessage) -> str:
    """The text of a message whose content is a string or a list of parts."""
    if isinstance(message.content, str):
        return message.content
    parts = (p if isinstance(p, str) else p.get("text", "") for p in message.content)
    return "".join(p for p in parts if isinstance(p, str))


def spoken(message: BaseMessage) -> str:
    """What a person said, without control characters and without anything that looks like a marked block."""
    text = clean(text_of(message))
    while (shorter := _FORGED.sub(" ", text)) != text:
        text = shorter
    return text.strip()


def mapping(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one: documents from outside may have any shape."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def rows(value: object) -> list[dict[str, Any]]:
    """The objects of a list; whatever else stands in it is left out."""
    return [item for item in sequence(value) if isinstance(item, dict)]


def _context(messages: Sequence[BaseMessage]) -> tuple[dict[str, Any], dict[str, Any]]:
    for message in reversed(messages):
        if isinstance(message, SystemMessage):
            blocks = dict(reversed(unwrap(text_of(message))))
            if "thread" in blocks:
                return mapping(blocks["thread"]), mapping(blocks.get("knowledge"))
    return {}, {}


def _asks_for_repair(message: BaseMessage) -> bool:
    """Whether the graph itself speaks, asking for a better draft: the question is still the one before it."""
    beginnings = (render(lang, "repair", values="\0").partition("\0")[0] for lang in LANGUAGES)
    return text_of(message).startswith(tuple(beginnings))


def _spoke_before(messages: Sequence[BaseMessage]) -> bool:
    return any(isinstance(m, AIMessage) and text_of(m).strip() for m in messages)


def _envelope(tool: str, text: str) -> dict[str, Any]:
    """The document in the block named after the tool; other text becomes an error that quotes its beginning."""
    for source, document in unwrap(text):
        if source == tool and isinstance(document, dict):
            return document
    return {
        "tool": tool,
        "status": "error",
        "error": {"code": "unreadable", "message": clean(text.strip(), _UNREADABLE_CHARACTERS)},
    }
