"""The agent in a thread of its own: it loads while the person types, and a turn can be stopped from outside.

Importing LangGraph and Chroma takes two seconds; nobody waits for them before the first question.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from agent.surfaces.cli.boundary import run_async
from agent.surfaces.cli.output import note, on_terminal
from agent.surfaces.cli.progress import knowledge_opener

if TYPE_CHECKING:
    from agent.session import Agent, Event
    from knowledge.language import Language
    from tools.config import Config

T = TypeVar("T")
# Waiting in steps of this many seconds lets a signal through.
_POLL_S = 0.1
_CLOSING_S = 2.0


class Stopped(Exception):
    """The person stopped what was running."""


class Turn:
    """One turn in the engine's loop; iterate over its events."""

    def __init__(self, engine: Engine, question: str | None, thread: str, lang: Language | None) -> None:
        """Starts it; the agent must be there."""
        self._events: Callable[[], AsyncIterator[Event]] = lambda: engine.agent.result().stream(
            question, thread_id=thread, lang=lang
        )
        self._loop = engine.loop
        self._task: asyncio.Task[None] | None = None
        self._queue: SimpleQueue[Event | asyncio.Task[None]] = SimpleQueue()
        self._loop.call_soon_threadsafe(self._start)

    def stop(self) -> None:
        """Cancels it; the iteration then ends with `Stopped` as soon as the turn has let go of its thread."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def __iter__(self) -> Iterator[Event]:
        while True:
            item = self._queue.get()
            if not isinstance(item, asyncio.Task):
                yield item
            elif item.cancelled():
                raise Stopped
            elif error := item.exception():
                raise error
            else:
                return

    def _start(self) -> None:
        self._task = self._loop.create_task(self._work())
        self._task.add_done_callback(self._queue.put)

    async def _work(self) -> None:
        async for event in self._events():
            self._queue.put(event)


class Engine:
    """Loads and keeps the agent.

    Attributes:
        config: set first, within a tenth of a second.
        agent: set when questions can be answered at full speed.
    """

    def __init__(
        self, configure: Callable[[], Config], lang: str, prelude: Callable[[Config], None] = lambda _config: None
    ) -> None:
        """Args:
        configure: reads the configuration, which takes a tenth of a second, hence not before the prompt is drawn.
        prelude: called with it before the agent loads.
        """
        self.config: Future[Config] = Future()
        self.agent: Future[Agent] = Future()
        self.loop: asyncio.AbstractEventLoop
        self._configure = configure
        self._prelude = prelude
        self._lang = lang
        self._closing: asyncio.Event
        self._thread = threading.Thread(target=self._main, daemon=True, name="queuewright-agent")

    def start(self) -> None:
        """Begins to load."""
        self._thread.start()

    def wait(self, stopped: Callable[[], bool] = lambda: False) -> Agent:
        """The agent, once it is there.

        Raises:
            Stopped: `stopped` said so before.
        """
        while True:
            try:
                return self.agent.result(timeout=_POLL_S)
            except TimeoutError:
                if stopped():
                    raise Stopped from None

    @property
    def failure(self) -> BaseException | None:
        """Why there will be no agent."""
        return self.agent.exception() if self.agent.done() else None

    def run(self, work: Callable[[Agent], Coroutine[None, None, T]]) -> T:
        """Runs a coroutine beside the turns; its result."""
        agent = self.wait()
        return asyncio.run_coroutine_threadsafe(work(agent), self.loop).result()

    def close(self) -> bool:
        """Ends the thread; False when it still loads, since an import cannot be interrupted."""
        if self.agent.done() and not self.failure:
            self.loop.call_soon_threadsafe(self._closing.set)
            self._thread.join(_CLOSING_S)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            config = self._configure()
            self.config.set_result(config)
            self._prelude(config)
            run_async(lambda: self._serve(config))
        except Exception as error:  # noqa: BLE001 - whatever it was belongs to the main thread, which waits for it
            for future in (self.config, self.agent):
                if not future.done():
                    future.set_exception(error)

    async def _serve(self, config: Config) -> None:
        from agent.session import open_agent

        self.loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        knowledge = knowledge_opener(config, self._lang)
        async with open_agent(
            config, surface="chat", streams=on_terminal(), knowledge=knowledge, progress=note
        ) as agent:
            await asyncio.to_thread(_warm, agent)
            self.agent.set_result(agent)
            await self._closing.wait()


def _warm(agent: Agent) -> None:
    """Does once what would make the first answer slow."""
    agent.runtime.knowledge.search("queue")
    registry = agent.runtime.runner.registry
    for spec in registry.tools.values():
        _ = spec.run
    for target in agent.runtime.config.targets.values():
        if system := registry.system_of(target.scheme):
            registry.broker(system)
            registry.frameworks(system, target.frameworks)
    _ = agent.runtime.bound_model
