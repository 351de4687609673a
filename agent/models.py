"""Two brains behind one interface: any OpenAI-compatible endpoint, or the embedded brain.

`complete` is the one place that calls a model: bounded in time and size, and honest when nothing usable came back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from tools.config import ModelConfig
from tools.errors import BadArguments, ModelFailed
from tools.redact import redact

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AnyMessage, InvalidToolCall, ToolCall, ToolCallChunk
    from langchain_core.runnables import Runnable

EMBEDDED = "embedded"
# Connection errors, 429 and 5xx are tried again this often, with the SDK's back-off.
MAX_RETRIES = 2
# `timeout_s` bounds each silence, retries included. An endpoint that drips words is given up after this many of it.
LONGEST_IN_TIMEOUTS = 5
CHARACTERS_PER_TOKEN = 4
# The embedded brain has no endpoint whose time-out could be set, and may load its embedder first.
_LOADING_S = 600.0
_DETAIL_CHARACTERS = 300


def model_name(config: ModelConfig) -> str:
    """The model in force: the one named, else `embedded`.

    With a key and no name there is nothing to ask for, so naming one is required to leave the embedded brain.
    """
    return config.name or EMBEDDED


def make_model(config: ModelConfig) -> BaseChatModel:
    """The chat model that `config` names.

    Raises:
        BadArguments: a cost limit is set that could not hold, because the model has no price.
        ModelFailed: a model is named but there is neither a key nor a base URL.
    """
    name = model_name(config)
    if name == EMBEDDED:
        from agent.embedded.brain import EmbeddedChatModel

        return EmbeddedChatModel()
    if config.max_cost_usd_per_turn is not None and name not in config.prices:
        raise BadArguments("model_unpriced", model=name)
    if config.api_key is None and config.base_url is None:
        raise ModelFailed("model_unconfigured", model=name)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        model=name,
        base_url=config.base_url,
        # A local server wants none, but the SDK insists on a value.
        api_key=config.api_key or "unused",
        timeout=config.timeout_s,
        max_retries=MAX_RETRIES,
        stream_usage=True,
        # `complete` has its own clock, which says what happened instead of logging it.
        stream_chunk_timeout=None,
        # Compatible servers speak chat completions; some model names would switch to another API.
        use_responses_api=False,
        temperature=0,
    )


async def complete(
    model: Runnable[Any, Any], messages: Sequence[AnyMessage], config: ModelConfig, *, call: int = 0
) -> AIMessage:
    """One model call; tokens go to the graph's stream as they come.

    Args:
        call: number of the call within the turn; tells apart the tool calls that the endpoint gave no id.

    Raises:
        ModelFailed: the endpoint gave nothing usable in time.
    """
    try:
        message = await _streamed(model, messages, config)
    except ModelFailed:
        raise
    except TimeoutError:
        raise ModelFailed("model_timeout", model=model_name(config), seconds=config.timeout_s) from None
    except Exception as error:
        # langchain-openai raises whatever Python happens to raise on a malformed answer, so the endpoint's failures
        # have no common type. The embedded brain has no endpoint: its defects are ours and go on as they are.
        if model_name(config) == EMBEDDED:
            raise
        raise failure(error, config) from None
    if _cut(message):
        raise ModelFailed("model_cut", model=model_name(config))
    if not (message.text or message.tool_calls or message.invalid_tool_calls):
        raise ModelFailed("model_empty", model=model_name(config))
    calls = cast("list[dict[str, Any]]", [*message.tool_calls, *message.invalid_tool_calls])
    for n, tool_call in enumerate(calls):
        tool_call["id"] = tool_call["id"] or f"call_{call}_{n}"
        tool_call["name"] = tool_call["name"] or "unnamed"
    return message


def cost_usd(config: ModelConfig, input_tokens: int, output_tokens: int) -> float | None:
    """Of one call; None where no price is configured for the model."""
    price = config.prices.get(model_name(config))
    if price is None:
        return None
    return (input_tokens * price.input + output_tokens * price.output) / 1_000_000


def failure(error: Exception, config: ModelConfig) -> ModelFailed:
    """An endpoint's failure in our own tree, without the key that some endpoints repeat."""
    from langchain_core import exceptions as known

    name, root = model_name(config), _root(error)
    if isinstance(error, known.ModelTimeoutError):
        return ModelFailed("model_timeout", model=name, seconds=config.timeout_s)
    texts: dict[type[known.ModelError], str] = {
        known.ModelAuthenticationError: "model_auth",
        known.ModelPermissionDeniedError: "model_auth",
        known.ModelNotFoundError: "model_missing",
        known.ModelRateLimitError: "model_busy",
        # also what breaks later: only a connection that was never made is "unreachable"
        known.ModelConnectionError: "model_unreachable" if "Connect" in type(root).__name__ else "model_cut",
    }
    text = next((text for kind, text in texts.items() if isinstance(error, kind)), None)
    key = config.api_key.get_secret_value() if config.api_key else ""
    # redacted before it is cut, or half of a key might stay at the end
    said = " ".join(redact(f"{type(root).__name__}: {root}", key).split())
    return ModelFailed(text, model=name, detail=said[:_DETAIL_CHARACTERS])


def _root(error: BaseException) -> BaseException:
    """What lies under "Connection error."; of other failures the endpoint's own words."""
    while type(error).__name__.endswith("ConnectionError") and error.__cause__ is not None:
        error = error.__cause__
    return error


async def _streamed(model: Runnable[Any, Any], messages: Sequence[AnyMessage], config: ModelConfig) -> AIMessage:
    """The whole reply. Each silence is bounded, and so are the reply's time and size."""
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.utils import message_chunk_to_message

    loop = asyncio.get_running_loop()
    silence = _LOADING_S if model_name(config) == EMBEDDED else config.timeout_s
    last_moment = loop.time() + LONGEST_IN_TIMEOUTS * silence
    room = config.max_tokens_per_turn * CHARACTERS_PER_TOKEN
    whole: Any = None
    async with (
        asyncio.timeout(silence) as clock,
        aclosing(cast("Any", model.astream(list(messages)))) as pieces,
    ):
        async for piece in pieces:
            clock.reschedule(min(loop.time() + silence, last_moment))
            whole = piece if whole is None else whole + piece
            room -= len(piece.text) + sum(len(c["args"] or "") for c in getattr(piece, "tool_call_chunks", []))
            if room < 0:
                whole += AIMessageChunk(content="", response_metadata={"finish_reason": "length"})
                break
    if whole is None:
        raise ModelFailed("model_empty", model=model_name(config))
    message = cast("AIMessage", message_chunk_to_message(whole))
    if pieces_of_calls := getattr(whole, "tool_call_chunks", None):
        message.tool_calls, message.invalid_tool_calls = _calls(pieces_of_calls)
    return message


def _calls(pieces: Sequence[ToolCallChunk]) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """The calls and those whose arguments are no JSON object.

    LangChain mends broken JSON of a stream, and a call with half of its arguments is another call.
    """
    from langchain_core.messages.tool import invalid_tool_call, tool_call

    valid, invalid = [], []
    for piece in pieces:
        name, args, call_id = piece["name"], piece["args"], piece["id"]
        try:
            parsed = json.loads(args or "{}")
        except json.JSONDecodeError:
            parsed = args
        if isinstance(parsed, dict):
            valid.append(tool_call(name=name or "", args=parsed, id=call_id))
        else:
            invalid.append(invalid_tool_call(name=name, args=args, id=call_id))
    return valid, invalid


def _cut(message: AIMessage) -> bool:
    """Whether a connection ended in mid-answer without an error: an endpoint always says why it stopped."""
    told = message.response_metadata
    return told.get("model_provider") == "openai" and not told.get("finish_reason")


def cut_by_length(message: AIMessage) -> bool:
    """Whether the endpoint stopped because the reply grew too long."""
    return message.response_metadata.get("finish_reason") == "length"
