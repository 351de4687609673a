"""Whatever a model asks for wrongly comes back to it as an envelope; the answer still comes, marked as partial."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agent.doubles import Open, calls, made_tool, scripted, tool_results
from tools.contract import Context, ToolOutput

GONE = "redis://127.0.0.1:1/0"


async def fail(_ctx: Context, _args: Any) -> ToolOutput:
    raise ZeroDivisionError("inside")


@pytest.mark.parametrize(
    ("name", "args", "code"),
    [
        ("inspect_brokr", {}, "unknown_tool"),
        ("inspect_broker", {"target": "mian"}, "unknown_target"),
        ("inspect_broker", {"target": 7}, "bad_arguments"),
        ("inspect_broker", {}, "bad_arguments"),
        ("inspect_broker", {"target": "main", "url": "redis://evil/0"}, "bad_arguments"),
        ("inspect_broker", '["main"]', "bad_arguments"),
        ("inspect_broker", "{not json", "bad_arguments"),
        ("inspect_broker", {"target": "main"}, "unreachable"),
        ("broken", {}, "internal"),
    ],
)
async def test_a_wrong_call_is_an_envelope_and_the_answer_still_comes(
    opened: Open, name: str, args: Any, code: str
) -> None:
    model = scripted(calls((name, args), ("list_targets", {})), "One of them failed.")
    async with opened(model, made_tool("broken", fail), main=GONE) as agent:
        answer = await agent.ask("How is it?")
    envelopes = {r["tool"]: r for r in tool_results(model.seen[-1])}
    assert envelopes[name]["status"] == "error"
    assert envelopes[name]["error"]["code"] == code
    assert "Traceback" not in str(envelopes)
    # the other call was not harmed
    assert envelopes["list_targets"]["status"] == "ok"
    assert answer["answer"] == "One of them failed."
    assert answer["partial"] is True
    assert {c["name"]: c["status"] for c in answer["tool_calls"]} == {name: "error", "list_targets": "ok"}


async def test_each_call_is_announced_and_finished_also_a_wrong_one(opened: Open) -> None:
    from agent.session import ToolFinished, ToolStarted

    model = scripted(calls(("inspect_broker", "{not json"), ("nothing_like_it", {})), "Well.")
    async with opened(model, main=GONE) as agent:
        events = [e async for e in agent.stream("How is it?")]
    started = sorted(e.name for e in events if isinstance(e, ToolStarted))
    finished = sorted(e.name for e in events if isinstance(e, ToolFinished))
    assert started == finished == ["inspect_broker", "nothing_like_it"]


async def test_errors_are_in_the_language_of_the_answer(opened: Open) -> None:
    model = scripted(calls(("inspect_broker", {"target": "mian"})), "Нет такой.")
    async with opened(model, main=GONE) as agent:
        await agent.ask("Как дела у брокера?")
    assert tool_results(model.seen[-1])[0]["error"]["message"] == "Цели 'mian' нет."
