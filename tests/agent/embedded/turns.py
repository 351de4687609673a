"""Turns of a conversation as the graph sends them, and a brain whose router is told what to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.embedded.brain import EmbeddedChatModel
from agent.embedded.router import Request, Route
from tools.contract import At, Evidence, Finding, Remedy
from tools.untrusted import wrap

READING_TOOLS = (
    "list_targets", "inspect_broker", "inspect_queue", "inspect_workers", "peek_messages", "measure", "diagnose",
    "search_knowledge",
)  # fmt: skip


def schemas(names: Sequence[str] = READING_TOOLS) -> list[dict[str, Any]]:
    """Tools as they are bound."""
    return [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in names]


def route_to(kind: str, **fields: Any) -> Route:
    """A route with everything that the test does not care about left plain."""
    plain: dict[str, Any] = {
        "tool": None, "args": {}, "missing": [], "confidence": 0.9, "nearest": [], "wanted": None, "steps": [],
    }  # fmt: skip
    return Route(kind=kind, **(plain | fields))


def planned(*steps: tuple[str, dict[str, Any]]) -> Route:
    """A route to one or several tool calls."""
    return route_to("tool", tool=steps[0][0], args=steps[0][1], steps=list(steps))


@dataclass
class ScriptedRouter:
    """Answers every request with the same route and remembers what it was asked."""

    answer: Route
    asked: list[Request] = field(default_factory=list)

    def route(self, request: Request) -> Route:
        self.asked.append(request)
        return self.answer


@dataclass
class Conversation:
    """Builds the messages of one turn."""

    lang: str = "en"
    targets: Sequence[str] = ("main",)
    queues: Sequence[str] = ()
    introduced: bool = True
    off_topic: bool = False
    sections: Sequence[dict[str, Any]] = ()

    def context(self, **changed: Any) -> SystemMessage:
        thread = {
            "language": self.lang,
            "targets": [{"name": t, "system": "redis"} for t in self.targets],
            "facts": {},
            "queues": list(self.queues),
            "frameworks": ["celery"],
            "introduced": self.introduced,
            "target_missing": not self.targets,
        } | changed
        knowledge = {"off_topic": self.off_topic, "sections": list(self.sections)}
        return SystemMessage(f"{wrap('thread', thread)}\n{wrap('knowledge', knowledge)}")

    def ask(self, question: str, *history: BaseMessage) -> list[BaseMessage]:
        return [SystemMessage("You are an expert."), *history, self.context(), HumanMessage(question)]


def answered(messages: Sequence[BaseMessage], call: BaseMessage, *envelopes: dict[str, Any]) -> list[BaseMessage]:
    """The messages with an assistant's tool calls and their results appended."""
    assert isinstance(call, AIMessage)
    assert len(call.tool_calls) == len(envelopes)
    results = [
        ToolMessage(wrap(c["name"], e), tool_call_id=c["id"], name=c["name"])
        for c, e in zip(call.tool_calls, envelopes, strict=True)
    ]
    return [*messages, call, *results]


def envelope(tool: str, data: dict[str, Any] | None, *evidence: Evidence, **more: Any) -> dict[str, Any]:
    """A tool result as it reaches a model: default fields left out."""
    rows = [e.model_dump(exclude_defaults=True) for e in evidence]
    return {"tool": tool, "status": "ok", "data": data, "evidence": rows} | more


def failure(tool: str, code: str, message: str, hint: str | None = None) -> dict[str, Any]:
    """A failed tool call as it reaches a model."""
    return {"tool": tool, "status": "error", "error": {"code": code, "message": message, "hint": hint}}


def measured(id_: str, metric: str, subject: str, value: Any, unit: str | None = "messages") -> Evidence:
    """One piece of evidence."""
    return Evidence(id=id_, metric=metric, subject=subject, value=value, unit=unit, source="LLEN")


def found(cause: str, queue: str, *evidence: str, summary: str, **more: Any) -> dict[str, Any]:
    """A finding on a queue of `main`, as it stands in the data of `diagnose`."""
    fields: dict[str, Any] = {
        "severity": "critical", "confidence": "fact", "knowledge": [f"troubleshooting/{cause}"], "remedies": [],
    }  # fmt: skip
    finding = Finding(
        cause=cause, subject=f"main/{queue}", at=At(target="main", queue=queue), summary=summary,
        evidence=list(evidence), **(fields | more),
    )  # fmt: skip
    return finding.model_dump()


def remedy(text: str, command: str | None = None, **more: Any) -> Remedy:
    """A remedy."""
    return Remedy(text=text, command=command, **more)


def section(id_: str, text: str, *, heading: str = "Heading", score: float = 0.9, lang: str = "en") -> dict[str, Any]:
    """A retrieved section."""
    return {"id": id_, "title": "Title", "heading": heading, "lang": lang, "score": score, "text": text}


def final(route: Route, messages: list[BaseMessage], *envelopes: dict[str, Any]) -> str:
    """The answer after the tools that the brain asks for, wave by wave, have answered with the envelopes."""
    model = EmbeddedChatModel(router=ScriptedRouter(route)).bind_tools(schemas())
    left = list(envelopes)
    for _ in range(10):
        reply = model.invoke(messages)
        if not reply.tool_calls:
            assert not left, "the brain answered before it had everything"
            return str(reply.content)
        now, left = left[: len(reply.tool_calls)], left[len(reply.tool_calls) :]
        messages = answered(messages, reply, *now)
    raise AssertionError("the brain never answered")
