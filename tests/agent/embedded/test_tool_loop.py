"""The plan is walked step by step, bounded, and a failure does not take the rest of the answer down."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from agent.embedded.brain import EmbeddedChatModel
from tests.agent.embedded.turns import (
    Conversation,
    ScriptedRouter,
    answered,
    envelope,
    failure,
    final,
    planned,
    schemas,
)

MEASURE = ("measure", {"target": "main", "queue": "mail"})
DIAGNOSE = ("diagnose", {"target": "main"})
WORKERS = ("inspect_workers", {"target": "main"})
NOTHING = {"findings": [], "checked": []}


def calls(*steps: tuple[str, dict[str, Any]], messages: Any, **bound: Any) -> list[tuple[str, dict[str, Any]]]:
    model = EmbeddedChatModel(router=ScriptedRouter(planned(*steps)))
    reply = model.bind_tools(schemas(), **bound).invoke(messages)
    return [(c["name"], c["args"]) for c in reply.tool_calls]


def test_independent_steps_go_out_together() -> None:
    other = ("inspect_queue", {"target": "main", "queue": "mail"})

    assert calls(WORKERS, other, messages=Conversation().ask("?")) == [WORKERS, other]


def test_a_diagnosis_waits_for_the_measurement_that_it_rests_on() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(planned(MEASURE, DIAGNOSE))).bind_tools(schemas())
    messages = Conversation().ask("Measure mail and tell me what is wrong")

    first = model.invoke(messages)
    messages = answered(messages, first, envelope("measure", {"seconds": 10, "queues": []}))
    second = model.invoke(messages)
    messages = answered(messages, second, envelope("diagnose", NOTHING))
    third = model.invoke(messages)

    assert [c["name"] for c in first.tool_calls] == ["measure"]
    assert [c["name"] for c in second.tool_calls] == ["diagnose"]
    assert not third.tool_calls
    assert third.content


def test_a_client_that_wants_one_call_at_a_time_gets_one() -> None:
    assert calls(WORKERS, MEASURE, messages=Conversation().ask("?"), parallel_tool_calls=False) == [WORKERS]


def test_the_same_call_is_never_made_twice() -> None:
    messages = Conversation().ask("?")
    first = calls(WORKERS, WORKERS, messages=messages)
    reply = AIMessage("", tool_calls=[{"name": "inspect_workers", "args": WORKERS[1], "id": "c1"}])

    later = calls(WORKERS, WORKERS, messages=answered(messages, reply, envelope("inspect_workers", {"workers": []})))

    assert first == [WORKERS]
    assert later == []


def test_results_under_other_arguments_cannot_make_the_plan_longer() -> None:
    messages = Conversation().ask("?")
    for n in range(3):
        reply = AIMessage("", tool_calls=[{"name": "measure", "args": {"target": "main", "n": n}, "id": f"c{n}"}])
        messages = answered(messages, reply, envelope("measure", {"seconds": 1, "queues": []}))

    assert calls(MEASURE, DIAGNOSE, messages=messages) == []


def test_a_call_without_a_result_ends_in_an_answer_and_not_in_another_call() -> None:
    pending = AIMessage("", tool_calls=[{"name": "measure", "args": MEASURE[1], "id": "c1"}])

    assert calls(MEASURE, DIAGNOSE, messages=[*Conversation().ask("?"), pending]) == []


def test_a_failed_tool_is_reported_and_the_rest_still_comes() -> None:
    answer = final(
        planned(MEASURE, DIAGNOSE), Conversation().ask("?"),
        failure("measure", "timeout", "measure on main gave no answer within 20 s."), envelope("diagnose", NOTHING),
    )  # fmt: skip

    assert "`measure` on `main` failed: measure on main gave no answer within 20 s." in answer
    assert answer.startswith("Nothing was found that needs attention")


def test_an_unreachable_target_is_not_asked_again_but_another_one_is() -> None:
    steps = (MEASURE, DIAGNOSE, ("diagnose", {"target": "spare"}))
    messages = Conversation(targets=("main", "spare")).ask("?")
    reply = AIMessage("", tool_calls=[{"name": "measure", "args": MEASURE[1], "id": "c1"}])

    after = answered(messages, reply, failure("measure", "unreachable", "main cannot be reached."))

    assert calls(*steps, messages=after) == [("diagnose", {"target": "spare"})]


@pytest.mark.parametrize(
    ("lang", "asked"), [("en", "Which queue do you mean?"), ("ru", "Какую очередь вы имеете в виду?")]
)
def test_an_unknown_queue_is_asked_back_with_the_candidates(lang: str, asked: str) -> None:
    steps = (("measure", {"target": "main", "queue": "mial"}), ("diagnose", {"target": "main", "queue": "mial"}))
    error = failure("measure", "unknown_queue", "There is no queue 'mial' on main.", "Nearest: mail, media")

    answer = final(planned(*steps), Conversation(lang=lang).ask("?"), error)

    assert answer == f"There is no queue 'mial' on main. Nearest: mail, media. {asked}"


def test_without_a_hint_the_queues_of_the_thread_are_offered() -> None:
    route = planned(("inspect_queue", {"target": "main", "queue": "x"}))
    messages = Conversation(queues=("mail", "celery")).ask("?")

    answer = final(route, messages, failure("inspect_queue", "ambiguous_queue", "Several queues are named 'x'."))

    assert "Queues seen so far: `mail`, `celery`." in answer


def test_a_tool_that_is_not_bound_is_not_called() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(planned(DIAGNOSE))).bind_tools(schemas(["list_targets"]))

    reply = model.invoke(Conversation().ask("What is wrong?"))

    assert not reply.tool_calls
    assert "nothing was done" in str(reply.content)


def test_no_tool_is_called_when_the_client_forbids_it() -> None:
    assert calls(DIAGNOSE, messages=Conversation().ask("?"), tool_choice="none") == []


def test_a_result_that_cannot_be_read_is_reported() -> None:
    messages = Conversation().ask("?")
    reply = AIMessage("", tool_calls=[{"name": "diagnose", "args": DIAGNOSE[1], "id": "c1"}])
    messages = answered(messages, reply, envelope("diagnose", NOTHING))
    messages[-1].content = "connection reset"

    answer = EmbeddedChatModel(router=ScriptedRouter(planned(DIAGNOSE))).bind_tools(schemas()).invoke(messages)

    assert "connection reset" in str(answer.content)


def test_a_request_to_repair_a_draft_is_answered_for_the_question_itself() -> None:
    from agent.texts import render

    router = ScriptedRouter(planned(DIAGNOSE))
    messages = Conversation().ask("What is wrong with main?")
    first = EmbeddedChatModel(router=router).invoke(messages)

    repair = [*messages, AIMessage("draft with 17"), *Conversation().ask(render("en", "repair", values="17"))[-1:]]
    second = EmbeddedChatModel(router=router).invoke(repair)

    assert [r.text for r in router.asked] == ["What is wrong with main?"] * 2
    assert second.content == first.content
