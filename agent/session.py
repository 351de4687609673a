"""One conversation partner per process: asks, streams and resumes, whatever the surface."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig

from agent import texts
from agent.checkpoints import keep_latest, sqlite_checkpoints, thread_lock
from agent.graph import Graph, build_graph
from agent.limits import checked_question
from agent.models import make_model
from agent.nodes.retrieve import last_question
from agent.nodes.runtime import Runtime
from agent.state import AgentState
from knowledge.language import Language
from tools.config import Config
from tools.errors import BadArguments
from tools.redact import redact
from tools.runner import Runner

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from knowledge.search import Knowledge

# Nodes of one step, times the step limit, with room: the limit proper stands in `think`.
_RECURSION = 100


@dataclass(frozen=True)
class Token:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class ToolStarted:
    """The model asked for a tool."""

    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A tool answered."""

    name: str
    status: str
    elapsed_ms: int


@dataclass(frozen=True)
class Answered:
    """The turn is over; `answer` has the shape of `ask --json`."""

    answer: dict[str, Any]


Event = Token | ToolStarted | ToolFinished | Answered


class Agent:
    """Use `open_agent`; one instance serves many threads."""

    def __init__(self, graph: Graph, saver: AsyncSqliteSaver, runtime: Runtime) -> None:
        self._graph = graph
        self._saver = saver
        self.runtime = runtime

    async def ask(
        self, question: str | None, *, thread_id: str | None = None, lang: Language | None = None
    ) -> dict[str, Any]:
        """One turn, in the shape of `ask --json`.

        Raises:
            BadArguments: no question and nothing to resume, empty, or too long.
            Conflict: another process answers on this thread.
            ModelFailed: the model gave nothing usable.
        """
        async for event in self.stream(question, thread_id=thread_id, lang=lang):
            if isinstance(event, Answered):
                return event.answer
        raise AssertionError("a turn ends with an answer")

    async def preset(self, thread_id: str, facts: ThreadFacts, queues: Sequence[str] = ()) -> None:
        """Lets a new thread begin as if it had spoken of these before; a surface that knows the context says so here."""
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        await self._graph.aupdate_state(config, {"facts": facts, "queues": list(queues)}, as_node="answer")

    async def stream(
        self, question: str | None, *, thread_id: str | None = None, lang: Language | None = None
    ) -> AsyncIterator[Event]:
        """The same as events, the last of them `Answered`."""
        thread = thread_id or new_thread_id()
        if question is not None:
            question = checked_question(redact(question, *self.runtime.config.secrets))
        started = time.monotonic()
        async with thread_lock(self.runtime.config.state_dir, thread):
            config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": _RECURSION}
            turn = await self._start(question, thread, config, lang)
            async for event in self._events(turn, config):
                yield event
            state = await self._graph.aget_state(config)
            await keep_latest(self._saver, thread)
        final = {**state.values["final"], "thread_id": thread}
        final["duration_ms"] = round((time.monotonic() - started) * 1000)
        yield Answered(final)

    async def _start(
        self, question: str | None, thread: str, config: RunnableConfig, lang: Language | None
    ) -> AgentState | None:
        """The graph's input: None resumes an unfinished turn."""
        state = await self._graph.aget_state(config)
        unfinished = bool(state.next)
        if question is None and not unfinished:
            raise BadArguments("thread_missing", thread=thread)
        if unfinished:
            if question is None or question == last_question(cast("AgentState", state.values)):
                return None
            await self._close_unfinished(state.values, config)
        assert question is not None  # noqa: S101 - the cases without one are above
        return AgentState(messages=[HumanMessage(question)], lang_wanted=lang, final=None)

    async def _close_unfinished(self, values: dict[str, Any], config: RunnableConfig) -> None:
        """Ends an interrupted turn with a mark that keeps what it had read."""
        messages = values.get("messages", [])
        last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
        read = [f"- {e['metric']} {e['subject']}: {e['value']}" for e in values.get("evidence", [])[:20]]
        mark = "\n".join([texts.render(values.get("lang", "en"), "closed"), *read])
        dropped = [RemoveMessage(id=str(m.id)) for m in messages[last + 1 :]]
        await self._graph.aupdate_state(config, {"messages": [*dropped, AIMessage(mark)]}, as_node="answer")

    async def _events(self, turn: AgentState | None, config: RunnableConfig) -> AsyncIterator[Event]:
        async for part in self._graph.astream(
            turn, config, stream_mode=["messages", "updates"], durability="sync", version="v2"
        ):
            item: Any = part["data"]
            if part["type"] == "messages":
                message, meta = item
                if isinstance(message, AIMessageChunk) and meta["langgraph_node"] == "think" and message.text:
                    yield Token(message.text)
                continue
            for node, update in item.items():
                for event in _of_update(node, update or {}):
                    yield event


def _of_update(node: str, update: dict[str, Any]) -> list[Event]:
    if node == "think":
        message = update.get("messages", [None])[-1]
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        return [ToolStarted(call["name"], dict(call["args"])) for call in calls]
    if node == "act":
        results = [r["result"] for r in update["results"]]
        return [ToolFinished(r["tool"], r["status"], r["elapsed_ms"]) for r in results]
    return []


def new_thread_id() -> str:
    """Short enough to type."""
    return secrets.token_hex(5)


@asynccontextmanager
async def open_agent(
    config: Config,
    *,
    surface: str,
    streams: bool = False,
    model: BaseChatModel | None = None,
    runner: Runner | None = None,
    knowledge: Callable[[], Knowledge] | None = None,
    progress: Callable[[str], None] | None = None,
    checkpoints: Path | None = None,
) -> AsyncIterator[Agent]:
    """An agent for one process; closes its connections at the end.

    Args:
        streams: the surface shows tokens as they come.
        model, runner, knowledge: stand-ins for tests and evals.
    """
    if config.state.checkpoints != "sqlite":
        raise BadArguments("checkpoints_unsupported", value=config.state.checkpoints.partition("://")[0])
    own = runner or Runner(config, surface=surface, progress=progress)
    runtime = Runtime(
        config, own, model or make_model(config.model), knowledge or knowledge_factory(config, progress), streams
    )
    try:
        async with sqlite_checkpoints(checkpoints or config.state_dir / "threads.sqlite") as saver:
            yield Agent(build_graph(runtime, saver), saver, runtime)
    finally:
        await own.close()


def knowledge_factory(config: Config, progress: Callable[[str], None] | None = None) -> Callable[[], Knowledge]:
    """Opens the knowledge base when it is first used; `progress` hears about a build."""

    def opened() -> Knowledge:
        from knowledge.search import Knowledge

        def told(done: int, total: int) -> None:
            if progress and done in {0, total}:
                progress(f"index: {done}/{total}")

        return Knowledge.open(config.cache_dir, progress=told)

    return opened
