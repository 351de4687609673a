"""LangGraph's studio builds the graph by `langgraph.json` and talks to it without our session."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from agent.graph import Graph
from tests.agent.doubles import calls, fixed_knowledge, scripted

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What `langgraph.json` names, in an empty working directory and without any setting."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "QUEUEWRIGHT_MODEL", "QUEUEWRIGHT_TARGETS", "QUEUEWRIGHT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("QUEUEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tools.runner.open_knowledge", lambda *_: fixed_knowledge())
    monkeypatch.setattr(
        "agent.studio.make_model", lambda _: scripted(calls(("list_targets", {})), "None.", "Still none.")
    )
    [path] = json.loads((ROOT / "langgraph.json").read_text())["graphs"].values()
    file, _, name = path.partition(":")
    return getattr(import_module(Path(file).with_suffix("").as_posix().replace("/", ".")), name)


@pytest.mark.parametrize(
    "content", ["How do I scale my workers?", [{"type": "text", "text": "How do I scale my workers?"}]]
)
async def test_the_studio_gets_an_answer(factory: Any, content: Any) -> None:
    graph: Graph = factory()
    # When it sends what the studio sends, with a checkpointer of its own
    graph.checkpointer = InMemorySaver()
    message: Any = {"type": "human", "content": content}
    state = await graph.ainvoke({"messages": [message]}, {"configurable": {"thread_id": "s"}})
    # Then the turn has run to its end
    assert state["messages"][-1].text == state["final"]["answer"] == "None."
    assert [c["name"] for c in state["final"]["tool_calls"]] == ["list_targets"]
    # and a second one, on the same thread, too
    again = await graph.ainvoke({"messages": [message]}, {"configurable": {"thread_id": "s"}})
    assert [m.type for m in again["messages"]] == ["human", "ai"] * 2
