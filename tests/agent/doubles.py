"""Doubles of the conversation's tests: a scripted model, a fixed knowledge base, tools made on the spot."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import ModuleType
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ConfigDict, PrivateAttr

from agent.session import Agent
from knowledge.language import Language
from knowledge.search import Hit, Knowledge, SearchResult, UnknownSection
from tools.contract import Context, Evidence, ToolOutput
from tools.registry import TOOLS, Registry, ToolSpec
from tools.untrusted import unwrap

Script = Callable[[list[BaseMessage]], AIMessage]
# `opened(model, *tools, limits=…, streams=…, **targets)`
Open = Callable[..., AbstractAsyncContextManager[Agent]]


class ScriptedChatModel(GenericFakeChatModel):
    """Says what the test wrote down, streams tool calls too, and remembers what it was asked.

    The script is a list of messages, used up one a call, or a function of the messages.
    """

    messages: Iterator[AIMessage | str] = iter(())
    script: Any = None
    _seen: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[list[BaseMessage]]:
        """The messages of each call, oldest call first."""
        return self._seen

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        self._seen.append(messages)
        said = self.script(messages) if self.script else next(self.messages)
        message = AIMessage(said) if isinstance(said, str) else said
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = cast("AIMessage", self._generate(messages).generations[0].message)
        words = str(message.text).split(" ")
        pieces = [AIMessageChunk(content=word if n == 0 else f" {word}") for n, word in enumerate(words) if word or n]
        chunks = [_call_chunk(n, dict(c)) for n, c in enumerate((*message.tool_calls, *message.invalid_tool_calls))]
        pieces.append(
            AIMessageChunk(
                content="",
                tool_call_chunks=chunks,
                usage_metadata=message.usage_metadata,
                response_metadata=message.response_metadata,
                chunk_position="last",
            )
        )
        for piece in pieces:
            chunk = ChatGenerationChunk(message=piece)
            if run_manager:
                run_manager.on_llm_new_token(str(piece.text), chunk=chunk)
            yield chunk


def scripted(*said: AIMessage | str) -> ScriptedChatModel:
    """A model that says these, one a call."""
    return ScriptedChatModel(messages=iter(said))


def following(script: Script) -> ScriptedChatModel:
    """A model that decides from the messages, so that it goes on after a restart."""
    return ScriptedChatModel(script=script)


def calls(*wanted: tuple[str, Any], text: str = "", usage: tuple[int, int] | None = None) -> AIMessage:
    """A reply that asks for tools; arguments that are a string are sent as they are, valid JSON or not."""
    made = [{"name": n, "args": a, "id": f"call_{i}"} for i, (n, a) in enumerate(wanted) if isinstance(a, dict)]
    wrong = [
        {"name": n, "args": a, "id": f"call_{i}", "error": None}
        for i, (n, a) in enumerate(wanted)
        if not isinstance(a, dict)
    ]
    reported: Any = usage and {"input_tokens": usage[0], "output_tokens": usage[1], "total_tokens": sum(usage)}
    return AIMessage(text, tool_calls=made, invalid_tool_calls=wrong, usage_metadata=reported)


def tool_results(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """The envelopes that the model sees since the last question."""
    asked = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
    blocks = [unwrap(str(m.content)) for m in messages[asked:] if isinstance(m, ToolMessage)]
    return [cast("dict[str, Any]", document) for [(_, document)] in blocks]


def thread_block(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """The `thread` document of the context message."""
    return _context(messages, "thread")


def knowledge_block(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """The `knowledge` document of the context message."""
    return _context(messages, "knowledge")


class FixedKnowledge:
    """A knowledge base of two sections that opens at once; what mentions football is off topic."""

    SECTIONS = (
        Hit("troubleshooting/no-consumers#cure", "No consumers", "Cure", "en", 0.9, "Start a worker with -Q mail."),
        Hit("scaling/horizontal#arithmetic", "Horizontal", "Arithmetic", "en", 0.6, "Keep utilization under 80 %."),
    )
    article_ids = ("scaling/horizontal", "scaling/vertical", "troubleshooting/no-consumers")

    def search(self, query: str, *, lang: Language | None = None, k: int = 5) -> SearchResult:
        """Always the same sections."""
        return SearchResult(list(self.SECTIONS[:k]), "football" in query or "футбол" in query, 0.1)

    def section(self, section_id: str, lang: Language) -> list[Hit]:
        """One more section than `search` finds."""
        if section_id == "scaling/vertical#limits":
            return [Hit(section_id, "Vertical", "Limits", "en", None, "Memory first.")]
        raise UnknownSection(section_id)

    def close(self) -> None:
        """Nothing is open."""


def fixed_knowledge() -> Knowledge:
    """The double where a knowledge base is wanted."""
    return cast("Knowledge", FixedKnowledge())


def registry(*made: ToolSpec) -> Registry:
    """The product's registry with more tools."""
    return Registry(tools=(*TOOLS, *made))


def made_tool(
    name: str, run: Callable[[Context, Any], Awaitable[ToolOutput]], timeout_s: float = 10.0, **fields: Any
) -> ToolSpec:
    """A tool made on the spot, in a module like any other; `fields` are its arguments' types."""
    config: dict[str, Any] = {"__annotations__": fields, **dict.fromkeys(fields), "model_config": _STRICT}
    module = ModuleType(f"made_{name}")
    arguments = type("Args", (BaseModel,), {"__doc__": "A tool of a test.", "__module__": __name__, **config})
    module.Args, module.run = arguments, run  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    return ToolSpec(name, module.__name__, timeout_s=timeout_s)


def depth_tool(depths: Mapping[str, int]) -> ToolSpec:
    """`depth(target?, queue?, note?)`: how many messages wait, with one piece of evidence and one finding a queue."""

    async def run(_ctx: Context, args: Any) -> ToolOutput:
        shown = {args.queue: depths[args.queue]} if args.queue else dict(depths)
        target = args.target or "main"
        evidence = [
            Evidence(id=f"e{n}", metric="queue.ready", subject=f"{target}/{q}", value=v, unit="messages", source="LLEN")
            for n, (q, v) in enumerate(shown.items(), start=1)
        ]
        findings = [
            {"cause": "no-consumers", "summary": f"Nobody takes {q}.", "at": {"queue": q}, "evidence": [f"e{n}"]}
            for n, q in enumerate(shown, start=1)
        ]
        return ToolOutput(
            {"queues": [{"name": q, "ready": v} for q, v in shown.items()], "findings": findings}, evidence
        )

    return made_tool("depth", run, target=str | None, queue=str | None, note=str | None)


_STRICT = ConfigDict(extra="forbid")


def _call_chunk(index: int, call: dict[str, Any]) -> Any:
    import json

    args = call["args"] if isinstance(call["args"], str) else json.dumps(call["args"], ensure_ascii=False)
    return tool_call_chunk(name=call["name"], args=args, id=call["id"], index=index)


def _context(messages: Sequence[BaseMessage], source: str) -> dict[str, Any]:
    last = [m for m in messages if isinstance(m, SystemMessage)][-1]
    return cast("dict[str, Any]", dict(unwrap(str(last.content)))[source])
