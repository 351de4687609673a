"""Cases run through the real graph; what the brain does decides, and nothing else does."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage

from evals.figures import document, figures
from evals.run import run_cases

from .conftest import routing, says

MEASURE = {"tool": "inspect_broker", "args": {"target": "main"}}


async def test_a_right_answer_passes_and_a_wrong_one_fails_its_own_case(open_scripted, case_files) -> None:
    # Given a brain that always asks for the same tool
    right = case_files.case("routing", routing("right", "Look at main", **MEASURE))
    wrong = case_files.case("routing", routing("wrong", "What is there?", tool="list_targets"))

    async with open_scripted(lambda *_: says("Seen.", ("inspect_broker", {"target": "main"}))) as bench:
        outcomes = await run_cases(bench, [right, wrong])

    assert [(o.filed.case.id, o.passed) for o in outcomes] == [("right", True), ("wrong", False)]
    assert "inspect_broker" in outcomes[1].reasons[0]


async def test_recorded_tools_touch_no_target(open_scripted) -> None:
    # Given a target of a system that no client here speaks
    async with open_scripted(lambda *_: says("Seen.")) as bench:
        stage = await bench.recorded({"jobs": "kafka"})
        result = await stage.runner.call("inspect_broker", {"target": "jobs"})

    assert (result.status, result.error) == ("no_data", None)


async def test_a_question_asked_before_is_heard_and_not_judged(open_scripted, case_files) -> None:
    heard = []

    def script(question: str, _: Any) -> AIMessage:
        heard.append(question)
        return says("Seen.", ("list_targets", {})) if question == "What is there?" else says("Hello.")

    case = case_files.case("routing", {**routing("r", "Thanks", "smalltalk"), "previous": "What is there?"})
    async with open_scripted(script) as bench:
        outcomes = await run_cases(bench, [case])

    assert list(dict.fromkeys(heard)) == ["What is there?", "Thanks"]
    assert outcomes[0].passed, outcomes[0].reasons


async def test_calls_of_one_turn_are_not_held_against_the_next(open_scripted, case_files) -> None:
    def script(question: str, _: Any) -> AIMessage:
        return says("Seen.", ("list_targets", {})) if question == "Look" else says("Hello.")

    turns = [
        {"ask": "Look", "expect": {"calls": [{"tool": "list_targets"}]}},
        {"ask": "Thanks", "expect": {"no_calls": True}},
    ]
    async with open_scripted(script) as bench:
        outcomes = await run_cases(bench, [case_files.case("conversation", {"id": "c", "lang": "en", "turns": turns})])

    assert outcomes[0].passed, outcomes[0].reasons


async def test_an_answer_with_numbers_that_nothing_supports_fails(open_scripted, case_files) -> None:
    turns = [{"ask": "How many are there?", "expect": {"no_calls": True}}, {"ask": "Hi", "expect": {"no_calls": True}}]

    def script(question: str, _: Any) -> AIMessage:
        return says("Hello.") if question == "Hi" else says("There are 4711 messages in the queue.")

    async with open_scripted(script) as bench:
        outcomes = await run_cases(bench, [case_files.case("conversation", {"id": "c", "lang": "en", "turns": turns})])

    assert outcomes[0].reasons == ["turn 1: the answer holds values that nothing supports"]


async def test_facts_of_a_case_stand_in_its_thread_and_in_no_other(open_scripted, case_files) -> None:
    known = {}

    def script(question: str, thread: dict[str, Any]) -> AIMessage:
        known[question] = thread["facts"], thread["queues"]
        return says("Hello.")

    facts = {"target": "main", "queue": "mail"}
    primed = {**routing("primed", "And now?", "smalltalk"), "facts": facts, "queues": ["mail"]}
    cases = [case_files.case("routing", case) for case in (routing("plain", "Hello", "smalltalk"), primed)]
    async with open_scripted(script) as bench:
        await run_cases(bench, cases)

    assert known == {"Hello": ({}, []), "And now?": (facts, ["mail"])}


async def test_a_brain_that_dies_fails_its_case_and_the_run_goes_on(open_scripted, case_files) -> None:
    def script(question: str, _: Any) -> AIMessage:
        if "boom" in question:
            raise RuntimeError("boom")
        return says("Hello.")

    cases = [case_files.case("routing", routing(name, name, "smalltalk")) for name in ("boom", "fine")]
    async with open_scripted(script) as bench:
        outcomes = await run_cases(bench, cases)

    assert [o.passed for o in outcomes] == [False, True]
    assert not outcomes[0].setup_failed
    assert figures(outcomes)["right_tool"] == 0.5


async def test_repeats_tell_luck_from_skill(open_scripted, case_files) -> None:
    # Given a brain that is right every second time
    turns = iter(range(100))

    def script(*_: Any) -> AIMessage:
        return says("Hello.") if next(turns) % 2 == 0 else says("Seen.", ("list_targets", {}))

    async with open_scripted(script) as bench:
        case = case_files.case("routing", routing("hello", "Hello", "smalltalk"))
        outcomes = await run_cases(bench, [case], repeat=2)

    assert figures(outcomes)["pass^k"] == {"1": 0.5, "2": 0.0}
    assert not outcomes[0].passed


async def test_one_playing_leaves_nothing_for_the_next(open_scripted, case_files) -> None:
    # Given a conversation whose first turn speaks of a queue
    asked = []

    def script(question: str, _: Any) -> AIMessage:
        asked.append(question)
        return says("Hello.")

    turns = [{"ask": text, "expect": {"no_calls": True}} for text in ("One", "Two")]
    case = case_files.case("conversation", {"id": "c", "lang": "en", "turns": turns})
    async with open_scripted(script) as bench:
        outcomes = await run_cases(bench, [case], repeat=2)

    assert asked == ["One", "Two"] * 2
    assert outcomes[0].passed
    assert document(outcomes, [], "scripted")["suites"]["conversation"]["turns"] == 1.0
