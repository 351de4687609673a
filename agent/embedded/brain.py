"""The brain that needs no key and no network, as a chat model like any other.

It is stateless: what it knows stands in the messages (`agent.embedded.turn`). The last human message is routed to a
plan of tool calls or to a direct answer; when the tools have answered, the results are composed into text. It is not a
language model and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from agent.embedded import compose
from agent.embedded.compose import talk
from agent.embedded.steps import Step, next_steps, plan_of
from agent.embedded.turn import Turn, read_turn, text_of

if TYPE_CHECKING:
    from agent.embedded.router import Request, Route

MODEL_NAME = "embedded"
# No tokenizer here: a token is counted as four characters, as everywhere in this project.
CHARACTERS_PER_TOKEN = 4

_SENTENCE = re.compile(r".+?(?:(?<=[.!?:…])\s+|\n+|$)", re.S)


class Routing(Protocol):
    """What the brain needs of a router."""

    def route(self, request: Request) -> Route:
        """What the question asks for."""
        ...


@dataclass(frozen=True)
class Reply:
    """What the brain says to a list of messages: a text, or tool calls. Tokens are characters / 4, rounded up."""

    text: str
    calls: list[ToolCall]
    input_tokens: int

    @property
    def output_tokens(self) -> int:
        """Of the text, or of the calls as JSON."""
        return tokens(self.text + "".join(c["name"] + json.dumps(c["args"], ensure_ascii=False) for c in self.calls))

    @property
    def usage(self) -> UsageMetadata:
        """As LangChain wants it."""
        return UsageMetadata(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            total_tokens=self.input_tokens + self.output_tokens,
        )


class EmbeddedChatModel(BaseChatModel):
    """The embedded brain. `stop` sequences are ignored; `tool_choice` may be `auto`, `none`, or the name of the only
    tool that may be called (it is called when the question asks for it).

    Attributes:
        router: what finds out what a question asks for; the product's own when None.
    """

    router: Any = Field(default=None, exclude=True)

    @property
    def _llm_type(self) -> str:
        return MODEL_NAME

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": MODEL_NAME}

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """The brain with tools that it may call: anything that LangChain can make an OpenAI tool of."""
        bound: dict[str, Any] = {"tools": [convert_to_openai_tool(tool) for tool in tools]}
        if tool_choice is not None:
            bound["tool_choice"] = tool_choice
        return self.bind(**bound, **kwargs)

    def reply(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[dict[str, Any]] = (),
        tool_choice: Any = None,
        parallel_tool_calls: bool = True,
    ) -> Reply:
        """The next tool calls of the plan, or the answer. `tools` in OpenAI's format."""
        turn = read_turn(messages)
        spent = tokens(*(text_of(m) for m in messages), *(json.dumps(m.tool_calls) for m in _calling(messages)))
        able = _names(tools)
        allowed = able if tool_choice is None else able & _chosen(tool_choice, able)
        route = _routed(self.router or _default_router(), turn)
        plan = plan_of(route, turn)
        steps = next_steps(turn, plan, allowed=allowed, parallel=parallel_tool_calls)
        if steps:
            return Reply("", [_call(turn, n, step) for n, step in enumerate(steps)], spent)
        return Reply(_answer(turn, route, plan, able), [], spent)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self.reply(messages, **_options(kwargs))
        message = AIMessage(
            content=reply.text, tool_calls=reply.calls, usage_metadata=reply.usage, response_metadata=_metadata(reply)
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self.reply(messages, **_options(kwargs))):
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        options = _options(kwargs)
        for chunk in _chunks(await asyncio.to_thread(lambda: self.reply(messages, **options))):
            if run_manager is not None:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def tokens(*texts: str) -> int:
    """Characters / 4, rounded up: an estimate that needs no vocabulary."""
    return -(-sum(map(len, texts)) // CHARACTERS_PER_TOKEN)


def sentences(text: str) -> list[str]:
    """The text in pieces of about a sentence or a line; joined they are the text."""
    return _SENTENCE.findall(text)


@cache
def _default_router() -> Routing:
    from agent.embedded.router import Router  # loads the embedder

    return Router()


def _routed(router: Routing, turn: Turn) -> Route:
    from agent.embedded.router import Request

    targets = {str(t["name"]): str(t.get("system") or "") for t in turn.targets if t.get("name")}
    return router.route(Request(turn.question, turn.lang, targets, turn.facts, turn.queues, turn.previous))


def _answer(turn: Turn, route: Route, plan: Sequence[Step], able: Collection[str]) -> str:
    if turn.outcomes:
        return compose.closed(turn, compose.from_results(turn), live=True)
    text, live = talk.direct(turn, route, plan, able)
    return compose.closed(turn, text, live=live)


def _call(turn: Turn, n: int, step: Step) -> ToolCall:
    tool, args = step
    # No random ids: the same conversation is the same bytes, in process, over HTTP and in a cassette.
    text = f"{turn.length} {n} {tool} {json.dumps(args, sort_keys=True, ensure_ascii=False, default=str)}"
    return ToolCall(name=tool, args=args, id=f"call_{hashlib.sha256(text.encode()).hexdigest()[:20]}", type="tool_call")


def _chunks(reply: Reply) -> Iterator[ChatGenerationChunk]:
    for piece in sentences(reply.text):
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    calls = [
        tool_call_chunk(name=c["name"], args=json.dumps(c["args"], ensure_ascii=False), id=c["id"], index=n)
        for n, c in enumerate(reply.calls)
    ]
    yield ChatGenerationChunk(
        message=AIMessageChunk(
            content="", tool_call_chunks=calls, usage_metadata=reply.usage, response_metadata=_metadata(reply),
            chunk_position="last",
        )
    )  # fmt: skip


def _metadata(reply: Reply) -> dict[str, str]:
    return {"model_name": MODEL_NAME, "finish_reason": "tool_calls" if reply.calls else "stop"}


def _options(kwargs: dict[str, Any]) -> dict[str, Any]:
    known = {"tools", "tool_choice", "parallel_tool_calls"}
    return {k: v for k, v in kwargs.items() if k in known and v is not None}


def _calling(messages: Sequence[BaseMessage]) -> Iterator[AIMessage]:
    return (m for m in messages if isinstance(m, AIMessage) and m.tool_calls)


def _names(tools: Sequence[dict[str, Any]]) -> frozenset[str]:
    return frozenset(t["function"]["name"] for t in tools if t.get("type") == "function")


def _chosen(choice: Any, able: frozenset[str]) -> frozenset[str]:
    """The tools that a `tool_choice` leaves."""
    if isinstance(choice, dict):
        choice = choice.get("function", {}).get("name")
    if choice == "none":
        return frozenset()
    return frozenset({choice}) if choice in able else able
