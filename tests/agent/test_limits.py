"""A turn that does not end by itself is ended, says so, and gives what it has read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from agent.models import make_model
from agent.nodes.act import MOST_CALLS_AT_ONCE
from tests.agent.doubles import Open, ScriptedChatModel, calls, depth_tool, following, scripted, tool_results
from tools.config import Config
from tools.errors import BadArguments

DEPTHS = {"mail": 4242, "images": 17}


def never_content(usage: tuple[int, int] | None = None) -> ScriptedChatModel:
    """A model that asks for one more tool, each time another call."""
    numbers = count()
    return following(lambda _: calls(("depth", {"note": str(next(numbers)), "queue": "mail"}), usage=usage))


@pytest.mark.parametrize(
    ("limits", "usage", "model_calls"),
    [
        ({"max_steps": 3}, None, 3),
        ({"max_steps": 40}, None, 40),
        ({"max_tokens_per_turn": 1_000}, (300, 100), 3),
        ({"max_cost_usd_per_turn": 0.01, "prices": {"scripted": {"input": 10, "output": 20}}}, (300, 100), 2),
    ],
)
async def test_limits_end_the_turn_with_what_was_read(
    opened: Open, limits: dict[str, Any], usage: tuple[int, int] | None, model_calls: int
) -> None:
    model = never_content(usage)
    async with opened(model, depth_tool(DEPTHS), limits={"max_tokens_per_turn": 10**9} | limits) as agent:
        answer = await agent.ask("How deep?")
    assert len(model.seen) == model_calls
    assert answer["partial"] is True
    assert "partial" in answer["answer"]
    assert "`Nobody takes mail.` [e1]" in answer["answer"]
    assert "Correction" not in answer["answer"]


async def test_cost_is_counted_where_a_price_is_set_and_unknown_elsewhere(opened: Open) -> None:
    said = AIMessage("Yes.", usage_metadata={"input_tokens": 1000, "output_tokens": 500, "total_tokens": 1500})
    async with opened(scripted(said), limits={"prices": {"scripted": {"input": 2, "output": 8}}}) as agent:
        priced = await agent.ask("Well?")
    async with opened(scripted(said)) as agent:
        unpriced = await agent.ask("Well?")
    assert priced["usage"] == {"input_tokens": 1000, "output_tokens": 500, "cost_usd": pytest.approx(0.006)}
    assert unpriced["usage"]["cost_usd"] is None


async def test_an_endpoint_that_reports_no_usage_does_not_escape_the_token_limit(opened: Open) -> None:
    model = never_content(usage=None)
    async with opened(model, depth_tool(DEPTHS), limits={"max_tokens_per_turn": 5_000}) as agent:
        answer = await agent.ask("How deep?")
    assert len(model.seen) < 12
    assert "token limit" in answer["answer"]
    assert answer["usage"]["input_tokens"] >= 4_000


@pytest.mark.parametrize("args", [{"queue": "mail"}, "{not json"])
async def test_the_same_call_again_and_again_is_a_loop(opened: Open, args: Any) -> None:
    model = following(lambda _: calls(("depth", args)))
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep?")
    assert len(model.seen) == 3
    assert len(answer["tool_calls"]) == 2
    assert answer["partial"] is True
    assert "again and again" in answer["answer"]


async def test_a_flood_of_calls_in_one_reply_is_cut(opened: Open) -> None:
    def flood(messages: list[BaseMessage]) -> AIMessage:
        if tool_results(messages):
            return AIMessage("So many.")
        return calls(*(("depth", {"note": str(n)}) for n in range(MOST_CALLS_AT_ONCE + 3)))

    model = following(flood)
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep?")
    assert [c["status"] for c in answer["tool_calls"]] == ["ok"] * MOST_CALLS_AT_ONCE + ["error"] * 3
    assert tool_results(model.seen[-1])[-1]["error"]["code"] == "limit_reached"
    assert answer["partial"] is True


async def test_an_answer_cut_at_its_length_says_so(opened: Open) -> None:
    said = AIMessage("It is because", response_metadata={"finish_reason": "length"})
    async with opened(following(lambda _: said)) as agent:
        answer = await agent.ask("Почему?", lang="ru")
    assert answer["answer"].startswith("It is because\n\nОтвет модели вышел слишком длинным")
    assert answer["partial"] is True


def test_a_cost_limit_that_could_not_hold_is_refused(settings: Callable[..., Config]) -> None:
    config = settings({"name": "gpt", "base_url": "http://127.0.0.1:1/v1", "max_cost_usd_per_turn": 0.1})
    with pytest.raises(BadArguments, match="model_unpriced"):
        make_model(config.model)
