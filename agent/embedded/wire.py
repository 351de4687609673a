"""OpenAI's chat completion format in and out, as plain data: no sockets here."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_messages

from agent.embedded.brain import MODEL_NAME, EmbeddedChatModel, Reply, sentences


class BadRequest(Exception):
    """The request is no chat completion request; the text says why."""


class ChatRequest:
    """A validated request body.

    Any model name is taken, since a client must name one; the answer says which model it was. `temperature`,
    `max_tokens`, `stop`, `n` and the like are accepted and have no effect.

    Raises:
        BadRequest: it cannot be read.
    """

    def __init__(self, body: object) -> None:
        if not isinstance(body, dict):
            raise BadRequest("the body must be a JSON object")
        self.messages = _messages(body.get("messages"))
        self.tools = _tools(body.get("tools"))
        self.tool_choice = body.get("tool_choice")
        if not isinstance(self.tool_choice, (str, dict, type(None))):
            raise BadRequest("tool_choice must be a string or an object")
        self.parallel = body.get("parallel_tool_calls", True) is not False
        self.stream = body.get("stream") is True
        options = body.get("stream_options")
        self.include_usage = isinstance(options, dict) and options.get("include_usage") is True

    def answered_by(self, brain: EmbeddedChatModel) -> Reply:
        """The brain's reply."""
        return brain.reply(
            self.messages, tools=self.tools, tool_choice=self.tool_choice, parallel_tool_calls=self.parallel
        )


def completion(reply: Reply) -> dict[str, Any]:
    """A `chat.completion` object."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.calls:
        message["tool_calls"] = _calls(reply)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}
    return _head("chat.completion", reply) | {"choices": [choice], "usage": _usage(reply)}


def chunks(reply: Reply, *, include_usage: bool) -> Iterator[dict[str, Any]]:
    """The `chat.completion.chunk` objects: role, a sentence at a time or the tool calls, the reason to stop, usage."""
    head = _head("chat.completion.chunk", reply) | ({"usage": None} if include_usage else {})
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "" if reply.text else None}]
    deltas += [{"content": piece} for piece in sentences(reply.text)]
    deltas += [{"tool_calls": [{"index": n, **call}]} for n, call in enumerate(_calls(reply))]
    for delta in deltas:
        yield head | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
    yield head | {"choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": _finish(reply)}]}
    if include_usage:
        yield head | {"choices": [], "usage": _usage(reply)}


def models() -> dict[str, Any]:
    """The list of models: one."""
    return {"object": "list", "data": [{"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": "queuewright"}]}


def error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """An error object as OpenAI has it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _messages(value: object) -> list[BaseMessage]:
    if not isinstance(value, list) or not value:
        raise BadRequest("messages must be a list with at least one message")
    if not all(isinstance(m, dict) and isinstance(m.get("role"), str) for m in value):
        raise BadRequest("each message must be an object with a role")
    try:
        return convert_to_messages([{**m, "content": m.get("content") or ""} for m in value])
    # langchain-core raises these, depending on what is wrong with a message
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as problem:
        raise BadRequest(f"messages cannot be read: {str(problem)[:200]}") from None


def _tools(value: object) -> list[dict[str, Any]]:
    tools = value if isinstance(value, list) else [] if value is None else None
    if tools is None or not all(_is_tool(tool) for tool in tools):
        raise BadRequest("tools must be a list of functions with a name")
    return tools


def _is_tool(tool: object) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["args"], ensure_ascii=False)},
        }
        for call in reply.calls
    ]


def _head(kind: str, reply: Reply) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps([reply.text, _calls(reply)]).encode()).hexdigest()
    return {"id": f"chatcmpl-{digest[:24]}", "object": kind, "created": int(time.time()), "model": MODEL_NAME}


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
