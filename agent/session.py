"""One conversation partner per process: asks, streams and resumes, whatever the surface."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START

from agent import texts
from agent.checkpoints import keep_latest, sqlite_checkpoints, thread_lock
from agent.graph import Graph, build_graph
from agent.limits import checked_question
from agent.models import make_model
from agent.nodes.evidence import evidence
from agent.nodes.partial import gathered
from agent.nodes.retrieve import last_question
from agent.nodes.runtime import Runtime
from agent.state import AgentState, ThreadFacts
from knowledge.language import Language, detect_language
from tools.config import Config
from tools.errors import BadArguments
from tools.redact import redact
from tools.runner import Runner

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    from knowledge.search import Knowledge

# Nodes of one step (think, act, evidence), and those around them: the limit proper stands in `think`.
_NODES_A_STEP = 3
_NODES_AROUND = 10


@dataclass(frozen=True)
class Token:
    """A piece of the model's text.

    Those since the last tool call are the beginning of the answer, unless the turn was cut short. What is appended to
    it (corrections, limits) stands only in `Answered`.
    """

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
        """Lets a new thread begin as if it had spoken of these before, for a surface that knows the context."""
        config: RunnableConfig = {"configurable": {"thread_id": thread_id}}
        await self._graph.aupdate_state(config, {"facts": facts, "queues": list(queues)}, as_node="answer")

    async def stream(
        self, question: str | None, *, thread_id: str | None = None, lang: Language | None = None
    ) -> AsyncGenerator[Event, None]:
        """The same as events, the last of them `Answered`."""
        thread = thread_id or new_thread_id()
        if question is not None:
            question = redact(checked_question(question), *self.runtime.config.secrets)
        started = time.monotonic()
        async with thread_lock(self.runtime.config.state_dir, thread):
            config = self._run_config(thread)
            if question is None and (undelivered := await self._finished(config)):
                yield Answered({**undelivered, "thread_id": thread})
                return
            turn = await self._start(question, thread, config, lang)
            # Closed with the stream: a surface that stops listening stops the turn, and only then frees the thread.
            async with aclosing(self._events(turn, config)) as events:
                async for event in events:
                    yield event
            state = await self._graph.aget_state(config)
            await keep_latest(self._saver, thread)
        duration = round((time.monotonic() - started) * 1000)
        yield Answered({**state.values["final"], "thread_id": thread, "duration_ms": duration})

    async def _finished(self, config: RunnableConfig) -> dict[str, Any] | None:
        """The last answer of a thread with nothing left to do: its process may have died before it was shown."""
        state = await self._graph.aget_state(config)
        final: dict[str, Any] | None = None if state.next else state.values.get("final")
        return final and {**final, "duration_ms": 0}

    def _run_config(self, thread: str) -> RunnableConfig:
        steps = self.runtime.config.model.max_steps
        return {"configurable": {"thread_id": thread}, "recursion_limit": _NODES_A_STEP * steps + _NODES_AROUND}

    async def _start(
        self, question: str | None, thread: str, config: RunnableConfig, lang: Language | None
    ) -> AgentState | None:
        """The graph's input: None resumes an unfinished turn."""
        state = await self._graph.aget_state(config)
        # Killed between the two checkpoints of the input itself, a turn has not begun: it is simply asked anew.
        unfinished = bool(state.next) and (question is None or START not in state.next)
        if question is None and not unfinished:
            raise BadArguments("thread_missing", thread=thread)
        if unfinished:
            # An endpoint that is down for a day leaves a turn like this each time: they must not pile up.
            await keep_latest(self._saver, thread)
            if question is None or question == last_question(cast("AgentState", state.values)):
                return None
            await self._close_unfinished(cast("AgentState", state.values), config)
        assert question is not None  # noqa: S101 - the cases without one are above
        # The turn's own fields are emptied here as well: whoever closes a turn that never began must find nothing.
        return AgentState(
            messages=[HumanMessage(question)], lang_wanted=lang, evidence=[], results=[], tool_calls=[], final=None
        )

    async def _close_unfinished(self, values: AgentState, config: RunnableConfig) -> None:
        """Ends an interrupted turn with a mark that keeps what it had read."""
        messages = values.get("messages") or []
        last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
        read: dict[str, Any] = await evidence(values) if values.get("results") else dict(values, messages=[])
        of_turn = [*messages[last + 1 :], *read["messages"]]
        lang = values.get("lang_wanted") or detect_language(last_question(values))
        mark = f"{texts.render(lang, 'closed')} {gathered(lang, of_turn, read.get('evidence') or [])}"
        dropped = [RemoveMessage(id=str(m.id)) for m in messages[last + 1 :]]
        kept: dict[str, Any] = {key: read[key] for key in ("facts", "queues") if key in read}
        update: dict[str, Any] = {"messages": [*dropped, AIMessage(mark)], "results": [], **kept}
        await self._graph.aupdate_state(config, update, as_node="answer")

    async def _events(self, turn: AgentState | None, config: RunnableConfig) -> AsyncGenerator[Event, None]:
        parts: Any = self._graph.astream(
            turn, config, stream_mode=["messages", "updates"], durability="sync", version="v2"
        )
        async with aclosing(parts):
            async for part in parts:
                for event in _of_part(part["type"], part["data"]):
                    yield event


def _of_part(kind: str, item: Any) -> list[Event]:
    if kind == "messages":
        message, meta = item
        said = isinstance(message, AIMessageChunk) and meta["langgraph_node"] == "think" and message.text
        return [Token(str(message.text))] if said else []
    return [event for node, update in item.items() for event in _of_update(node, update or {})]


def _of_update(node: str, update: dict[str, Any]) -> list[Event]:
    if node == "think" and not update.get("stop"):
        [message] = update["messages"]
        calls = [*message.tool_calls, *message.invalid_tool_calls]
        return [ToolStarted(call["name"], _object(call["args"])) for call in calls]
    if node == "act":
        results = [r["result"] for r in update["results"]]
        return [ToolFinished(r["tool"], r["status"], r["elapsed_ms"]) for r in results]
    return []


def _object(args: Any) -> dict[str, Any]:
    """Arguments that are no JSON object are shown as none."""
    return dict(args) if isinstance(args, dict) else {}


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
    own = runner or Runner(config, surface=surface, progress=progress, knowledge=knowledge)
    runtime = Runtime(config, own, model or make_model(config.model), streams)
    try:
        async with sqlite_checkpoints(checkpoints or config.state_dir / "threads.sqlite") as saver:
            yield Agent(build_graph(runtime, saver), saver, runtime)
    finally:
        await own.close()
