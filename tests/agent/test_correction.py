"""What happens to an answer that says more than was read."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from tests.agent.doubles import Open, calls, depth_tool, scripted

DEPTHS = {"mail": 4242, "images": 17}
LOOK = calls(("depth", {}))


async def test_a_streaming_surface_appends_a_visible_correction(opened: Open) -> None:
    # Given an invented number and an invented queue
    model = scripted(LOOK, "9001 wait [e1], most in the queue `ghost`.")
    async with opened(model, depth_tool(DEPTHS), streams=True) as agent:
        answer = await agent.ask("How deep?")
    # Then what was shown stands, and says below what is wrong with it
    shown, correction = answer["answer"].split("\n\n")
    assert shown == "9001 wait [e1], most in the queue `ghost`."
    assert "9001, ghost" in correction
    assert len(model.seen) == 2


async def test_otherwise_the_model_repairs_once(opened: Open) -> None:
    model = scripted(LOOK, "9001 wait [e1].", AIMessage("4242 wait [e1].", usage_metadata=_usage(7_000, 3_000)))
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep?")
    assert answer["answer"] == "4242 wait [e1]."
    request = model.seen[-1][-1]
    assert isinstance(request, HumanMessage)
    assert "9001" in str(request.content)
    # the repair is paid for as well
    assert answer["usage"]["output_tokens"] >= 3_000


async def test_what_repair_does_not_mend_is_marked_in_the_language_of_the_answer(opened: Open) -> None:
    model = scripted(LOOK, "Ждут 9001.", "Ждут 9002.")
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("Сколько там?")
    assert answer["answer"].startswith("Ждут 9002.\n\n⚠ Поправка")
    assert "9002" in answer["answer"].split("Поправка")[1]
    assert len(model.seen) == 3


async def test_a_marked_number_is_no_source_for_the_next_turn(opened: Open) -> None:
    # Given an answer with a number that was marked
    model = scripted(LOOK, "9001 and 17 wait.", "As I said: 9001, and 17.")
    async with opened(model, depth_tool(DEPTHS), streams=True) as agent:
        await agent.ask("How deep?", thread_id="t")
        # When the next turn rests on it
        answer = await agent.ask("Say again?", thread_id="t")
    # Then it is marked again, and what was read before is not
    assert answer["answer"].endswith(": 9001")


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("So it is [e9].", "[e9]"),
        ("See [scaling/sideways#never].", "[scaling/sideways#never]"),
    ],
)
async def test_a_reference_that_leads_nowhere_is_marked(opened: Open, said: str, lost: str) -> None:
    async with opened(scripted(LOOK, said), depth_tool(DEPTHS), streams=True) as agent:
        answer = await agent.ask("How deep?")
    assert answer["answer"].endswith(f": {lost}")
    assert answer["citations"] == []


async def test_citations_are_resolved_also_outside_what_retrieval_found(opened: Open) -> None:
    said = "See [scaling/vertical#limits] and [scaling/horizontal#arithmetic]; [and/or] `[e9]` is no reference."
    async with opened(scripted(said), streams=True) as agent:
        answer = await agent.ask("How to scale?")
    assert answer["answer"] == said
    assert answer["citations"] == [
        {"id": "scaling/vertical#limits", "title": "Vertical", "score": None},
        {"id": "scaling/horizontal#arithmetic", "title": "Horizontal", "score": 0.6},
    ]


async def test_a_failed_repair_keeps_the_draft_and_marks_it(opened: Open) -> None:
    async with opened(scripted(LOOK, "9001 wait.", ""), depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep?")
    assert answer["answer"].startswith("9001 wait.")
    assert "Correction" in answer["answer"]


def _usage(taken: int, given: int) -> dict[str, int]:
    return {"input_tokens": taken, "output_tokens": given, "total_tokens": taken + given}
