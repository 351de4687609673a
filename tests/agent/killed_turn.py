"""A turn in a process of its own that stops at a chosen place and waits there to be killed.

`python -m tests.agent.killed_turn HOME LEDGER PLACE QUESTION`; places: `retrieve think act evidence answer`. Each
model call and each real tool execution is a line of the ledger; `waiting` says that the place is reached.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from agent.session import open_agent
from knowledge.search import Knowledge
from tests.agent.doubles import FixedKnowledge, ScriptedChatModel, calls, following, made_tool, registry, tool_results
from tools.config import Config, ModelConfig, load_config
from tools.contract import Context, Evidence, ToolOutput
from tools.registry import ToolSpec
from tools.runner import Runner

THREAD = "t"
# What a node calls in its middle.
_INSIDE = {"evidence": "for_model", "answer": "unsupported"}


class Ledger:
    """What was really done, over all processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, line: str) -> None:
        """Adds a line."""
        with self.path.open("a") as file:
            file.write(line + "\n")

    @property
    def lines(self) -> list[str]:
        """All lines."""
        return self.path.read_text().splitlines() if self.path.exists() else []

    def wait_here(self) -> None:
        """Says so and waits for the kill, for a minute at most."""
        self.note("waiting")
        time.sleep(60)


def model(ledger: Ledger, place: str = "") -> ScriptedChatModel:
    """Looks once, then answers."""

    def script(messages: list[BaseMessage]) -> AIMessage:
        ledger.note("model")
        results = tool_results(messages)
        if not results:
            return calls(("look", {}))
        if place == "think":
            ledger.wait_here()
        return AIMessage(f"{results[-1]['evidence'][0]['value']} wait [e1].")

    return following(script)


def tool(ledger: Ledger, place: str = "") -> ToolSpec:
    """`look`: one piece of evidence."""

    async def run(_ctx: Context, _args: Any) -> ToolOutput:
        ledger.note("tool")
        if place == "act":
            ledger.wait_here()
        evidence = Evidence(id="e1", metric="queue.ready", subject="main/mail", value=4242, source="LLEN mail")
        return ToolOutput({"queues": [{"name": "mail", "ready": 4242}]}, [evidence])

    return made_tool("look", run)


def configured(home: str) -> Config:
    """No target, a scripted model."""
    config = load_config(environ={"QUEUEWRIGHT_HOME": home})
    return config.model_copy(update={"model": ModelConfig(name="scripted")})


def _stopping(ledger: Ledger, function: Callable[..., Any]) -> Callable[..., Any]:
    def stopped(*args: Any, **kwargs: Any) -> Any:
        ledger.wait_here()
        return function(*args, **kwargs)

    return stopped


class _StoppingKnowledge(FixedKnowledge):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def search(self, *args: Any, **kwargs: Any) -> Any:
        self._ledger.wait_here()
        return super().search(*args, **kwargs)


async def main(home: str, path: str, place: str, question: str) -> None:
    """Runs the turn."""
    ledger = Ledger(Path(path))
    if inside := _INSIDE.get(place):
        node: Any = import_module(f"agent.nodes.{place}")
        setattr(node, inside, _stopping(ledger, getattr(node, inside)))
    knowledge: Any = _StoppingKnowledge(ledger) if place == "retrieve" else FixedKnowledge()
    config = configured(home)

    def opened() -> Knowledge:
        return knowledge  # type: ignore[no-any-return]

    runner = Runner(config, registry=registry(tool(ledger, place)), surface="test", knowledge=opened)
    async with open_agent(config, surface="test", model=model(ledger, place), runner=runner) as one:
        await one.ask(question, thread_id=THREAD)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
