"""Where conversations lie: for the owner alone, one process a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.doubles import Open, calls, made_tool, scripted
from tools.contract import Context, ToolOutput
from tools.errors import BadArguments, Conflict


async def test_state_belongs_to_its_owner_alone(opened: Open, home: Path) -> None:
    async with opened(scripted("Hello.")) as agent:
        await agent.ask("Hello?")
        modes = {p.name: p.stat().st_mode & 0o777 for p in (home / "state").rglob("*")}
        modes["state"] = (home / "state").stat().st_mode & 0o777
    assert "threads.sqlite-wal" in modes
    assert modes["state"] == modes["locks"] == 0o700
    assert {mode for name, mode in modes.items() if "." in name} == {0o600}


async def test_a_thread_in_use_is_a_conflict_and_free_again_afterwards(opened: Open) -> None:
    async with opened(scripted("One.", "Two.")) as agent:
        async for _event in (events := agent.stream("First?", thread_id="t")):
            # When somebody else asks while this turn runs
            with pytest.raises(Conflict):
                await agent.ask("Second?", thread_id="t")
            break
        # Then it is free as soon as the listener has gone
        await events.aclose()
        await agent.ask("Third?", thread_id="t")


async def test_nothing_to_resume_is_said(opened: Open) -> None:
    async with opened(scripted("Hello.")) as agent:
        with pytest.raises(BadArguments, match="thread_missing"):
            await agent.ask(None, thread_id="new")


async def test_a_finished_turn_whose_answer_was_not_shown_is_shown_without_asking_the_model_again(opened: Open) -> None:
    # Given a turn that ended, by a process that died before it could print
    model = scripted("Hello.")
    async with opened(model) as agent:
        first = await agent.ask("Hello?", thread_id="old")
    # When the thread is taken up without a question
    async with opened(scripted()) as agent:
        again = await agent.ask(None, thread_id="old")
    # Then it is the same answer
    assert again == first | {"duration_ms": 0}


@pytest.mark.parametrize(
    ("question", "text"), [("", "question_empty"), (" \n", "question_empty"), ("x" * 64_001, "question_long")]
)
async def test_a_question_that_is_none_starts_nothing(opened: Open, question: str, text: str) -> None:
    model = scripted("Hello.")
    async with opened(model) as agent:
        with pytest.raises(BadArguments, match=text):
            await agent.ask(question)
    assert model.seen == []


async def test_a_surface_that_stops_listening_stops_the_work(opened: Open) -> None:
    # Given a tool that is at work
    at_work, stopped = asyncio.Event(), asyncio.Event()

    async def work(_ctx: Context, _args: Any) -> ToolOutput:
        at_work.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()
        return ToolOutput({})

    async with opened(scripted(calls(("work", {})), "Done."), made_tool("work", work)) as agent:
        turn = asyncio.create_task(agent.ask("Work!", thread_id="t"))
        await asyncio.wait_for(at_work.wait(), 30)
        # When the turn is cancelled, as Ctrl-C does
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        # Then nothing goes on behind its back
        assert stopped.is_set()


async def test_a_stream_that_is_closed_has_ended_when_it_says_so(opened: Open) -> None:
    ended = asyncio.Event()

    model = scripted("One two three.", "Four.")
    async with opened(model) as agent:
        graph, original = agent._graph, agent._graph.astream

        async def watched(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            try:
                async for part in original(*args, **kwargs):
                    yield part
            finally:
                ended.set()

        graph.astream = watched  # type: ignore[method-assign]
        events = agent.stream("First?", thread_id="t")
        await anext(events)
        await events.aclose()
        assert ended.is_set()
