"""Two brains behind one interface: any OpenAI-compatible endpoint, or the embedded brain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tools.config import ModelConfig
from tools.errors import ModelFailed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EMBEDDED = "embedded"
# Connection errors, 429 and 5xx are tried again this often, with the SDK's back-off.
MAX_RETRIES = 2


def model_name(config: ModelConfig) -> str:
    """The model in force: the one named, else `embedded`.

    With a key and no name there is nothing to ask for, so naming one is required to leave the embedded brain.
    """
    return config.name or EMBEDDED


def make_model(config: ModelConfig) -> BaseChatModel:
    """The chat model that `config` names.

    Raises:
        ModelFailed: a model is named but there is neither a key nor a base URL.
    """
    name = model_name(config)
    if name == EMBEDDED:
        from agent.embedded.brain import EmbeddedChatModel

        return EmbeddedChatModel()
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
        temperature=0,
    )


def cost_usd(config: ModelConfig, input_tokens: int, output_tokens: int) -> float | None:
    """Of one call; None where no price is configured for the model."""
    price = config.prices.get(model_name(config))
    if price is None:
        return None
    return (input_tokens * price.input + output_tokens * price.output) / 1_000_000


def translated(error: Exception, config: ModelConfig) -> ModelFailed | None:
    """An endpoint's failure in our own tree; None when it is no such failure."""
    module = type(error).__module__.partition(".")[0]
    if module not in {"openai", "httpx", "httpx2", "httpcore", "httpcore2"} and not _unreadable(error):
        return None
    status = getattr(error, "status_code", None)
    facts: dict[str, Any] = {"model": model_name(config), "detail": f"{type(error).__name__}: {str(error)[:300]}"}
    if status in {401, 403}:
        return ModelFailed("model_auth", **facts)
    if status == 429:
        return ModelFailed("model_busy", **facts)
    if "Timeout" in type(error).__name__:
        return ModelFailed("model_timeout", seconds=config.timeout_s, **facts)
    return ModelFailed(**facts)


def _unreadable(error: Exception) -> bool:
    """What langchain-openai raises for an answer that is no chat completion."""
    if not isinstance(error, (TypeError, KeyError, ValueError, AttributeError)):
        return False
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("langchain_openai"):
            return True
        trace = trace.tb_next
    return False
