"""What a conversation remembers between nodes and turns. Everything here is checkpointed as JSON-like data."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from knowledge.language import Language


class ThreadFacts(TypedDict, total=False):
    """What the thread spoke of last; follow-up questions rely on it."""

    target: str
    queue: str
    framework: str


class Usage(TypedDict):
    """Of one turn. `cost_usd` None without configured prices."""

    input_tokens: int
    output_tokens: int
    cost_usd: float | None


class AgentState(TypedDict, total=False):
    """One thread.

    Attributes:
        messages: the conversation; tool results stand in it as marked blocks. Older turns are folded by `answer`.
        question, lang: of the turn; lang_wanted: what `--lang` asked for.
        queues: names that results spoke of, newest last.
        earlier: questions of turns that the history no longer holds.
        introduced: the embedded brain has said what it is.
        context: what `retrieve` found and knows, rendered just before the last human message, never stored in messages.
        results: envelopes of finished tool calls that `evidence` has not numbered yet.
        evidence: numbered, of the turn.
        tool_calls: `{"name", "args", "status", "elapsed_ms"}` of the turn.
        steps: model calls of the turn.
        stop: why the turn was cut short (`steps`, `tokens`, `cost`, `loop`, `length`, `model`), or None.
        reason: what the endpoint said when `stop` is `model`.
        final: the finished answer of the turn, None while it runs.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    question: str
    lang: Language
    lang_wanted: Language | None
    context: dict[str, Any]
    facts: ThreadFacts
    queues: list[str]
    earlier: list[str]
    introduced: bool
    results: list[dict[str, Any]]
    evidence: list[dict[str, Any]]
    tool_calls: list[dict[str, Any]]
    steps: int
    usage: Usage
    model: str
    stop: str | None
    reason: str | None
    final: dict[str, Any] | None
