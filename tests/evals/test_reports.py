"""Reports: machines parse them, halves stay apart, and texts of held-out cases are in none of them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from evals.checks import Judgement
from evals.figures import document
from evals.page import page
from evals.report import junit, table
from evals.run import Attempt, Outcome
from evals.suites import Played

from .conftest import routing


@pytest.fixture
def outcomes(case_files) -> list[Outcome]:
    def one(half: str, name: str, attempt: Attempt) -> Outcome:
        return Outcome(case_files.case("routing", routing(name, f"sesame {name}", "smalltalk"), half=half), [attempt])

    def judged(reasons: list[str]) -> Attempt:
        marks = {"right_tool": float(not reasons), "right_args": float(not reasons)}
        return Attempt(Played(Judgement(reasons, marks), seconds=0.25, tokens=10))

    return [
        one("tuning", "good", judged([])),
        one("tuning", "bad", judged(["<said> \x01 & done"])),
        one("held_out", "secret-good", judged([])),
        one("held_out", "secret-bad", judged(["sesame opened"])),
        one("held_out", "secret-lost", Attempt(setup_error="no world sesame")),
    ]


def test_junit_parses_and_tells_failures_from_set_up_errors(outcomes: list[Outcome]) -> None:
    suites = {s.get("name"): s for s in ElementTree.fromstring(junit(outcomes))}

    held_out = suites["routing.held_out"]
    assert (held_out.get("tests"), held_out.get("failures"), held_out.get("errors")) == ("3", "1", "1")
    assert suites["routing.tuning"].findall("testcase/failure")[0].get("message") == "<said>   & done"


def test_the_document_has_the_shape_of_the_contract(outcomes: list[Outcome]) -> None:
    found = json.loads(json.dumps(document(outcomes, ["because"], "embedded")))

    assert found["totals"] == {"cases": 5, "passed": 2, "setup_failed": 1}
    assert found["suites"]["routing"].items() >= {"cases": 5, "passed": 2, "setup_failed": 1}.items()
    assert found["gate"] == {"passed": False, "reasons": ["because"]}


def test_halves_have_fractions_of_their_own_and_the_suite_has_none(outcomes: list[Outcome]) -> None:
    suite = document(outcomes[:3], [], "embedded")["suites"]["routing"]

    assert suite["halves"]["tuning"]["right_tool"] == 0.5
    assert suite["halves"]["held_out"]["right_tool"] == 1.0
    assert not [name for name, value in suite.items() if isinstance(value, float)]


def test_no_report_shows_what_a_held_out_case_says(outcomes: list[Outcome]) -> None:
    found = document(outcomes, [], "embedded")
    reports = (table(outcomes, []), junit(outcomes), page(found, "now"), json.dumps(found))

    for report in reports:
        assert "secret-bad" in report
        assert "sesame" not in report


def test_the_table_gives_time_and_tokens_beside_every_score(outcomes: list[Outcome]) -> None:
    line = next(line for line in table(outcomes, []).splitlines() if line.startswith("routing  tuning"))

    assert line.split() == ["routing", "tuning", "2", "1", "0", "0.500", "0.25", "0.25", "20", "–"]


def test_the_page_escapes_what_others_wrote(outcomes: list[Outcome]) -> None:
    found = page(document(outcomes, [], "embedded"), "now")

    assert "&lt;said&gt;" in found
    assert "<said>" not in found
