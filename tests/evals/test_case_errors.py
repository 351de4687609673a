"""A mistake in a case file is an error that names file, case and field."""

from __future__ import annotations

from typing import Any

import pytest

from evals.casefiles import CaseError, load_cases, load_file

from .conftest import CaseFiles, routing

UNSURE = {"id": "k1", "lang": "en", "ask": "?", "expect": {"ids": [], "off_topic": False}}
SHORT = {"id": "c1", "lang": "en", "turns": [{"ask": "?", "expect": {"no_calls": True}}]}
INSPECT = {"id": "i1", "lang": "en", "worlds": {"main": "healthy"}}


@pytest.mark.parametrize(
    ("suite", "case", "field"),
    [
        ("routing", {**routing("r1", "Hi?", tool="measure"), "facst": {}}, "case r1: facst"),
        ("routing", routing("r1", "Hi?", tool="measure", arg={}), "case r1: expect.arg"),
        ("routing", routing("r1", "Hi?"), "case r1: expect: "),
        ("routing", routing("r1", "Hi?", "smalltalk", tool="measure"), "case r1: expect: "),
        ("routing", {**routing("r1", "Hi?", tool="measure"), "lang": "de"}, "case r1: lang"),
        ("knowledge", UNSURE, "case k1: expect"),
        ("inspect", {**INSPECT, "expect": {"no_calls": True}}, "case i1: -"),
        ("inspect", {**INSPECT, "ask": "?", "expect": {}}, "case i1: expect"),
        ("inspect", {**INSPECT, "call": {"tool": "measure"}, "expect": {"include": ["x"]}}, "case i1: -"),
        ("conversation", SHORT, "case c1: turns"),
        ("routing", {"lang": "en"}, "case #1: id"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_case_and_field(
    case_files: CaseFiles, suite: str, case: dict[str, Any], field: str
) -> None:
    path = case_files.write(suite, [case], name="typo")

    with pytest.raises(CaseError) as caught:
        load_file(path, suite)

    assert "typo.yaml: " + field in str(caught.value)


def test_a_file_without_cases_is_an_error(case_files: CaseFiles) -> None:
    path = case_files.write("routing", [])

    with pytest.raises(CaseError, match=r"some\.yaml: cases"):
        load_file(path, "routing")


def test_a_file_of_another_suite_is_an_error(case_files: CaseFiles) -> None:
    path = case_files.write("routing", [routing("r1", "Hi?", "smalltalk")])

    with pytest.raises(CaseError, match="suite"):
        load_file(path, "inspect")


def test_a_broken_file_names_its_line(case_files: CaseFiles) -> None:
    path = case_files.write("routing", [])
    path.write_text("suite: routing\ncases: [\n", encoding="utf-8")

    with pytest.raises(CaseError, match=r"some\.yaml, line 3"):
        load_file(path, "routing")


def test_an_id_used_in_both_halves_is_an_error(case_files: CaseFiles) -> None:
    for half in ("tuning", "held_out"):
        case_files.write("routing", [routing("r1", "Hi?", "smalltalk")], name=half, half=half)

    with pytest.raises(CaseError, match="routing: r1"):
        load_cases(["routing"], folder=case_files.root)


def test_an_unknown_suite_is_named_with_those_that_exist(case_files: CaseFiles) -> None:
    with pytest.raises(CaseError, match=r"'rooting'.*routing"):
        load_cases(["rooting"], folder=case_files.root)


def test_an_error_quotes_nothing_that_a_case_asks(case_files: CaseFiles) -> None:
    path = case_files.write("routing", [routing("r1", "sesame", "no-such-kind")], half="held_out")

    with pytest.raises(CaseError) as caught:
        load_file(path, "routing")

    assert "sesame" not in str(caught.value)
    assert "no-such-kind" not in str(caught.value)
