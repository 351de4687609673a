"""What cases run on: worlds in memory for live questions, recorded tools for routing, one model and knowledge for all.

Nothing here reaches a target that the person has configured.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.casefiles import CASES_DIR
from evals.checks import SEARCH, Call
from tools.config import Config, Policy, Thresholds
from tools.contract import Context, ToolOutput, ToolResult
from tools.errors import QueuewrightError
from tools.reading import Framework
from tools.registry import TOOLS, Registry, ToolSpec
from tools.runner import Runner
from tools.targets import Target, parse_target

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.session import Agent
    from knowledge.search import Knowledge

WORLDS_DIR = CASES_DIR / "worlds"
_RECORDED = "recorded+"


class SetupFailed(Exception):
    """The case could not be put to the test, so it says nothing about the answer."""


class RecordedTool(ToolSpec):
    """A tool whose schema is the real one and whose run finds nothing: what counts is that it was called, and how."""

    @cached_property
    def run(self) -> Callable[[Context, Any], Any]:
        """Answers `no_data` at once."""

        async def nothing(_ctx: Context, _args: Any) -> ToolOutput:
            return ToolOutput(None, status="no_data")

        return nothing


class RecordedRegistry(Registry):
    """The real tools' schemas over targets of any system; searching the knowledge base stays real."""

    def __init__(self) -> None:
        super().__init__(tools=tuple(t if t.name == SEARCH else RecordedTool(t.name, t.module, t.risk) for t in TOOLS))

    def system_of(self, scheme: str) -> str | None:
        """The system that the case names; see `recorded_targets`."""
        return scheme.removeprefix(_RECORDED)

    def broker(self, system: str) -> Any:
        """None: a recorded tool opens nothing."""
        return None

    def frameworks(self, system: str, only: tuple[str, ...] = ()) -> list[Framework]:
        """None."""
        return []


class RecordingRunner(Runner):
    """A runner that keeps what it gave, by thread, so that findings and evidence can be judged."""

    def __init__(self, config: Config, knowledge: Callable[[], Knowledge], registry: Registry | None = None) -> None:
        super().__init__(config, registry=registry, surface="eval", knowledge=knowledge)
        self._made: dict[str, list[Call]] = {}

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, lang: str = "en", thread_id: str | None = None
    ) -> ToolResult:
        """Like any runner; a call against the schema is kept as one that failed."""
        try:
            result = await super().call(name, arguments, lang=lang, thread_id=thread_id)
        except QueuewrightError as error:
            refused = {"status": "error", "error": {"code": error.code}}
            self._made.setdefault(thread_id or "", []).append(Call(name, dict(arguments), refused))
            raise
        self._made.setdefault(thread_id or "", []).append(Call(name, dict(arguments), result.model_dump()))
        return result

    def take(self, thread_id: str = "") -> list[Call]:
        """The calls of a thread since the last time they were taken."""
        return self._made.pop(thread_id, [])


@dataclass(frozen=True)
class Stage:
    """Where one case is played."""

    agent: Agent
    runner: RecordingRunner


@dataclass
class Bench:
    """Everything that cases of a run share. Use `open_bench`.

    Attributes:
        config: model and cache of the person, nothing else of theirs.
        folder: holds the state of all stages; temporary.
    """

    config: Config
    folder: Path
    model: BaseChatModel
    knowledge: Callable[[], Knowledge]
    _stack: AsyncExitStack
    _recorded: dict[tuple[tuple[str, str], ...], Stage] = field(default_factory=dict)
    _stages: int = 0

    async def recorded(self, systems: Mapping[str, str]) -> Stage:
        """The stage of routing cases with these targets (system by name); shared, since nothing is read on it."""
        key = tuple(sorted(systems.items()))
        if key not in self._recorded:
            stage = self._open(recorded_targets(systems), RecordedRegistry())
            self._recorded[key] = await self._stack.enter_async_context(stage)
        return self._recorded[key]

    @asynccontextmanager
    async def world(self, worlds: Mapping[str, str]) -> AsyncIterator[Stage]:
        """A stage of its own over worlds by target name: samples of one case must not become rates of another.

        Raises:
            SetupFailed: a world is missing, malformed or cannot be opened.
        """
        targets = {name: world_target(name, world) for name, world in worlds.items()}
        async with self._open(targets, None) as stage:
            for name in targets:
                try:
                    await stage.runner.open(name)
                except Exception as error:  # whatever a world fails with, the answer is not to blame
                    raise SetupFailed(f"world {worlds[name]!r}: {type(error).__name__}: {error}") from error
            yield stage

    @asynccontextmanager
    async def _open(self, targets: Mapping[str, Target], registry: Registry | None) -> AsyncIterator[Stage]:
        from agent.session import open_agent

        self._stages += 1
        config = self.config.model_copy(
            update={"targets": dict(targets), "state_dir": self.folder / f"stage-{self._stages}"}
        )
        runner = RecordingRunner(config, self.knowledge, registry)
        async with open_agent(config, surface="eval", model=self.model, runner=runner) as agent:
            yield Stage(agent, runner)


@asynccontextmanager
async def open_bench(
    config: Config,
    folder: Path,
    *,
    model: BaseChatModel | None = None,
    knowledge: Callable[[], Knowledge] | None = None,
    progress: Callable[[str], None] | None = None,
) -> AsyncIterator[Bench]:
    """A bench; closes its stages at the end.

    Args:
        folder: for state, thrown away by whoever made it.
        model, knowledge: stand-ins for tests.

    Raises:
        ModelFailed: a model is named that cannot be reached for.
    """
    from agent.models import make_model

    neutral = config.model_copy(update={"targets": {}, "policy": Policy(), "thresholds": Thresholds()})
    shared = knowledge or Runner(neutral, surface="eval", progress=progress).knowledge
    async with AsyncExitStack() as stack:
        yield Bench(neutral, folder, model or make_model(config.model), shared, stack)


def world_target(name: str, world: str) -> Target:
    """The target of a world: a stub over its file.

    Raises:
        SetupFailed: no such world.
    """
    path = WORLDS_DIR / f"{world}.yaml"
    if not path.is_file():
        raise SetupFailed(f"no world {world!r} in evals/cases/worlds")
    return parse_target(name, f"redis+stub://{path}", {})


def recorded_targets(systems: Mapping[str, str]) -> dict[str, Target]:
    """Targets that only have a name and a system."""
    return {name: parse_target(name, f"{_RECORDED}{system}://recorded", {}) for name, system in systems.items()}
