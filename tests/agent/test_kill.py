"""A process is killed in the middle of a turn; whoever asks again on that thread goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from agent.session import Agent, open_agent
from tests.agent.doubles import ScriptedChatModel, fixed_knowledge, registry, scripted
from tests.agent.killed_turn import THREAD, Ledger, configured, model, tool
from tools.errors import Conflict
from tools.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "How deep is mail?"
Reopen = Callable[[ScriptedChatModel], AbstractAsyncContextManager[Agent]]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def reopened(home: Path, ledger: Ledger) -> Reopen:
    """The same state in this process."""

    @asynccontextmanager
    async def build(with_model: ScriptedChatModel) -> AsyncIterator[Agent]:
        config = configured(str(home))
        runner = Runner(config, registry=registry(tool(ledger)), surface="test", knowledge=fixed_knowledge)
        async with open_agent(config, surface="test", model=with_model, runner=runner) as agent:
            yield agent

    return build


@contextmanager
def stopped_at(place: str, home: Path, ledger: Ledger) -> Iterator[None]:
    """A process whose turn waits at that place; killed at the end."""
    command = [sys.executable, "-m", "tests.agent.killed_turn", str(home), str(ledger.path), place, QUESTION]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        deadline = time.monotonic() + 60
        while "waiting" not in ledger.lines:
            assert process.poll() is None, "the turn ended before it reached the place"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("place", "question", "models", "tools"),
    [
        ("retrieve", QUESTION, 2, 1),
        ("think", None, 3, 1),  # the call that was cut off is made again, the one before it is not
        ("act", QUESTION, 2, 2),  # reading again does no harm
        ("evidence", None, 2, 1),
        ("answer", QUESTION, 2, 1),
    ],
)
async def test_a_killed_turn_goes_on_where_it_was(
    home: Path, ledger: Ledger, reopened: Reopen, place: str, question: str | None, models: int, tools: int
) -> None:
    # Given a turn that was killed
    with stopped_at(place, home, ledger):
        pass
    # When it is asked for again, by the same question or by none
    async with reopened(model(ledger)) as agent:
        answer = await agent.ask(question, thread_id=THREAD)
        history = (await _state(agent))["messages"]
    # Then it is finished, nothing that was done is done twice, and nothing stands twice
    assert answer["answer"] == "4242 wait [e1]."
    assert answer["partial"] is False
    assert [e["id"] for e in answer["evidence"]] == ["e1"]
    assert [c["name"] for c in answer["tool_calls"]] == ["look"]
    assert (ledger.lines.count("model"), ledger.lines.count("tool")) == (models, tools)
    assert [(type(m), m.text) for m in history] == [(HumanMessage, QUESTION), (AIMessage, "4242 wait [e1].")]


@pytest.mark.parametrize("place", ["think", "evidence"])
async def test_another_question_closes_the_killed_turn_and_keeps_what_it_had_read(
    home: Path, ledger: Ledger, reopened: Reopen, place: str
) -> None:
    # Given a turn that was killed after its tool had answered
    with stopped_at(place, home, ledger):
        pass
    # When something else is asked
    with_model = scripted("4242, as was read before.")
    async with reopened(with_model) as agent:
        answer = await agent.ask("Something else?", thread_id=THREAD)
    # Then the model sees the old question, the mark with the evidence, and the new question
    [seen] = with_model.seen
    _prompt, old, mark, _context, new = seen
    assert (old.text, new.text) == (QUESTION, "Something else?")
    assert "interrupted" in mark.text
    assert "`main/mail`: `4242`" in mark.text
    # and what was read counts as read
    assert answer["answer"] == "4242, as was read before."
    assert answer["tool_calls"] == []
    assert ledger.lines.count("tool") == 1


async def test_a_turn_killed_before_it_read_anything_is_closed_without_the_evidence_of_the_one_before(
    home: Path, ledger: Ledger, reopened: Reopen
) -> None:
    async with reopened(model(ledger)) as agent:
        await agent.ask("An earlier question?", thread_id=THREAD)
    with stopped_at("retrieve", home, ledger):
        pass
    with_model = scripted("Fine.")
    async with reopened(with_model) as agent:
        await agent.ask("Something else?", thread_id=THREAD)
    mark = with_model.seen[0][4]
    assert "interrupted" in mark.text
    assert "4242" not in mark.text
    assert with_model.seen[0][2].text == "4242 wait [e1]."


async def test_a_busy_thread_is_a_conflict_until_its_process_dies(home: Path, ledger: Ledger, reopened: Reopen) -> None:
    async with reopened(model(ledger)) as agent:
        with stopped_at("act", home, ledger):
            with pytest.raises(Conflict):
                await agent.ask(QUESTION, thread_id=THREAD)
            # another thread is free
            assert (await agent.ask(QUESTION, thread_id="other"))["partial"] is False
        answer = await agent.ask(None, thread_id=THREAD)
    assert answer["answer"] == "4242 wait [e1]."


async def _state(agent: Agent) -> dict[str, list[HumanMessage | AIMessage]]:
    state = await agent._graph.aget_state({"configurable": {"thread_id": THREAD}})
    return dict(state.values)
