"""The gate fails a run that measured nothing, or less than the committed floors."""

from __future__ import annotations

from typing import Any

import pytest

from evals.baseline import BASELINE, gate, load_floors
from evals.casefiles import Filed, load_cases
from evals.checks import Judgement
from evals.run import Attempt, Outcome
from evals.suites import Played

from .conftest import routing


@pytest.fixture
def outcomes(case_files) -> list[Outcome]:
    """One case of two passed."""

    def one(name: str, reasons: list[str]) -> Outcome:
        filed: Filed = case_files.case("routing", routing(name, "Hello", "smalltalk"), half="tuning")
        judgement = Judgement(reasons, {"right_tool": float(not reasons), "right_args": float(not reasons)})
        return Outcome(filed, [Attempt(Played(judgement))])

    return [one("good", []), one("bad", ["expected no call"])]


def floors(**figures: float) -> Any:
    return {"routing": {"tuning": figures}}


def test_an_empty_run_fails() -> None:
    assert gate([], [], {})


def test_a_suite_without_cases_fails(outcomes: list[Outcome]) -> None:
    assert gate(outcomes, ["routing", "inspect"], {}) == ["inspect: no cases"]


def test_a_run_on_its_floors_passes(outcomes: list[Outcome]) -> None:
    assert gate(outcomes, ["routing"], floors(pass_rate=0.5, right_args=0.5)) == []


def test_a_run_below_a_floor_fails_and_names_it(outcomes: list[Outcome]) -> None:
    assert gate(outcomes, ["routing"], floors(pass_rate=0.5, right_tool=0.51)) == [
        "routing tuning: right_tool is 0.5, below its floor 0.51"
    ]


def test_a_half_that_has_gone_fails(outcomes: list[Outcome]) -> None:
    reasons = gate(outcomes, ["routing"], {"routing": {"held_out": {"right_tool": 0.9}}})

    assert "held_out: right_tool was not measured" in reasons[0]


def test_floors_of_suites_that_were_not_asked_for_do_not_count(outcomes: list[Outcome]) -> None:
    assert gate(outcomes, ["routing"], {"inspect": {"all": {"pass_rate": 1.0}}}) == []


def test_every_committed_case_stands_under_a_floor() -> None:
    committed = {(f.suite, f.half or "all") for f in load_cases()}
    floored = {(suite, half) for suite, halves in load_floors(BASELINE).items() for half in halves}

    assert committed == floored
