"""A bench over a scripted brain: the real graph, runner and tools' schemas, and a model that says what a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from evals.case import AnyCase
from evals.casefiles import Filed, load_file
from evals.world import Bench, open_bench
from knowledge.search import SearchResult
from tools.config import Config, ModelConfig
from tools.untrusted import unwrap

Reply = Callable[[str, dict[str, Any]], AIMessage]


class ScriptedModel(BaseChatModel):
    """Answers as the script says, from question and thread; after tool results with its words alone."""

    script: Reply

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> ScriptedModel:  # type: ignore[override]
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        last = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
        context = [document for m in messages for source, document in unwrap(str(m.content)) if source == "thread"]
        reply = self.script(str(messages[last].content), context[-1])
        if any(isinstance(m, ToolMessage) for m in messages[last:]):
            reply = AIMessage(reply.content)
        return ChatResult(generations=[ChatGeneration(message=reply)])


class NothingKnown:
    """A knowledge base without articles."""

    def search(self, query: str, **_: Any) -> SearchResult:
        return SearchResult(hits=[], off_topic=True, elapsed_ms=0.0)


def says(text: str, *calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """A reply with these tool calls, whose words come once they have answered."""
    return AIMessage(text, tool_calls=[{"name": n, "args": a, "id": f"c{i}"} for i, (n, a) in enumerate(calls)])


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(state_dir=tmp_path / "state", cache_dir=tmp_path / "cache", model=ModelConfig(name="embedded"))


@pytest.fixture
def open_scripted(config: Config, tmp_path: Path) -> Callable[[Reply], AbstractAsyncContextManager[Bench]]:
    @asynccontextmanager
    async def opened(script: Reply) -> AsyncIterator[Bench]:
        async with open_bench(
            config, tmp_path / "stages", model=ScriptedModel(script=script), knowledge=NothingKnown
        ) as bench:  # type: ignore[arg-type]
            yield bench

    return opened


@dataclass
class CaseFiles:
    """Writes case files in a folder of the shape of evals/cases."""

    root: Path

    def write(self, suite: str, cases: list[dict[str, Any]], *, name: str = "some", **head: Any) -> Path:
        path = self.root / suite / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"suite": suite, **head, "cases": cases}, allow_unicode=True), encoding="utf-8")
        return path

    def case(self, suite: str, case: dict[str, Any], **head: Any) -> Filed:
        document = load_file(self.write(suite, [case], **head), suite)
        found: AnyCase = document.cases[0]
        return Filed(suite, document.half, found)


@pytest.fixture
def case_files(tmp_path: Path) -> CaseFiles:
    return CaseFiles(tmp_path / "cases")


def routing(name: str, ask: str, kind: str = "tool", **expect: Any) -> dict[str, Any]:
    """A routing case as it stands in a file."""
    return {"id": name, "lang": "en", "ask": ask, "expect": {"kind": kind, **expect}}
