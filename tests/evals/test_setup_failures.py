"""A case that could not be put to the test says nothing about the answer: it is counted apart, and the run fails."""

from __future__ import annotations

from typing import Any

from evals.baseline import gate
from evals.figures import document
from evals.run import run_cases
from evals.world import open_bench
from knowledge.build import EmptyBase

from .conftest import ScriptedModel, routing, says


async def test_a_world_that_is_missing_is_counted_apart(open_scripted, case_files) -> None:
    # Given one case whose world does not exist, and one that passes
    lost = {
        "id": "lost",
        "lang": "en",
        "worlds": {"main": "no-such-world"},
        "ask": "Why?",
        "expect": {"no_calls": True},
    }
    cases = [case_files.case("inspect", lost), case_files.case("routing", routing("hi", "Hello", "smalltalk"))]

    async with open_scripted(lambda *_: says("Hello.")) as bench:
        outcomes = await run_cases(bench, cases)
    found = document(outcomes, [], "scripted")

    assert found["totals"] == {"cases": 2, "passed": 1, "setup_failed": 1}
    assert found["suites"]["inspect"]["pass_rate"] is None
    assert found["suites"]["routing"]["pass_rate"] == 1.0
    assert "no-such-world" in found["failures"][0]["reasons"][0]


async def test_a_run_that_could_not_measure_everything_fails(open_scripted, case_files) -> None:
    lost = {
        "id": "lost",
        "lang": "en",
        "worlds": {"main": "no-such-world"},
        "ask": "Why?",
        "expect": {"no_calls": True},
    }

    async with open_scripted(lambda *_: says("Hello.")) as bench:
        outcomes = await run_cases(bench, [case_files.case("inspect", lost)])

    assert "could not be set up" in gate(outcomes, ["inspect"], {})[0]


async def test_an_unreachable_target_is_a_world_like_any_other(open_scripted, case_files) -> None:
    # Given a target where nobody listens, and a case that expects just that
    expect: dict[str, Any] = {"calls": [{"tool": "inspect_broker", "status": "error", "error": "unreachable"}]}
    call = {"tool": "inspect_broker", "args": {"target": "main"}}
    case = {"id": "down", "lang": "en", "worlds": {"main": "unreachable"}, "call": call, "expect": expect}

    async with open_scripted(lambda *_: says("Hello.")) as bench:
        outcomes = await run_cases(bench, [case_files.case("inspect", case)])

    assert outcomes[0].passed, outcomes[0].reasons


async def test_without_a_knowledge_base_no_answer_is_judged(config, case_files, tmp_path) -> None:
    def missing() -> Any:
        raise EmptyBase("no articles")

    brain = ScriptedModel(script=lambda *_: says("Hello."))
    async with open_bench(config, tmp_path / "stages", model=brain, knowledge=missing) as bench:
        outcomes = await run_cases(bench, [case_files.case("routing", routing("hi", "Hello", "smalltalk"))])

    assert outcomes[0].setup_failed
