"""Routing is judged by the one call that was made, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from evals.case import RoutingExpect
from evals.checks import Call, Happened, judge_routing

MEASURE = {"kind": "tool", "tool": "measure", "args": {"target": "main", "seconds": 30}}
DIAGNOSE = {"kind": "tool", "tool": "diagnose", "args": {"target": "main"}}
SEARCH = {"kind": "tool", "tool": "search_knowledge", "args": {"query": "*"}}


def judged(expect: dict[str, Any], *calls: tuple[str, dict[str, Any]], answer: str = "", cites: int = 0) -> Any:
    document = {"answer": answer, "citations": [{"id": "a/b"}] * cites}
    return judge_routing(RoutingExpect.model_validate(expect), Happened([Call(n, a) for n, a in calls], document))


@pytest.mark.parametrize(
    ("expect", "calls"),
    [
        (MEASURE, [("measure", {"target": "main", "seconds": 30.0})]),
        (MEASURE, [("measure", {"target": "main", "seconds": 30, "queue": None})]),
        (MEASURE, [("search_knowledge", {"query": "rates"}), ("measure", {"target": "main", "seconds": 30})]),
        ({**MEASURE, "allow": ["queue"]}, [("measure", {"target": "main", "seconds": 30, "queue": "mail"})]),
        (DIAGNOSE, [("diagnose", {"target": "main", "symptom": "slow", "framework": "celery"})]),
        (SEARCH, [("search_knowledge", {"query": "prefetch"})]),
        ({"kind": "smalltalk"}, []),
        ({"kind": "not_available"}, []),
    ],
)
def test_the_right_call_passes(expect: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]) -> None:
    assert judged(expect, *calls).passed


@pytest.mark.parametrize(
    ("expect", "calls", "right_tool"),
    [
        (MEASURE, [], 0),
        (MEASURE, [("diagnose", {"target": "main"})], 0),
        (MEASURE, [("measure", {"target": "other", "seconds": 30})], 1),
        (MEASURE, [("measure", {"target": "main"})], 1),
        (MEASURE, [("measure", {"target": "main", "seconds": 30, "queue": "mail"})], 1),
        (MEASURE, [("measure", {"target": "main", "seconds": 30}), ("list_targets", {})], 0),
        (DIAGNOSE, [("diagnose", {"target": "main", "queue": "mail"})], 1),
        (SEARCH, [("search_knowledge", {"query": " "})], 1),
        ({"kind": "smalltalk"}, [("search_knowledge", {"query": "hello"})], 0),
        ({"kind": "off_topic"}, [("list_targets", {})], 0),
    ],
)
def test_any_other_call_fails(
    expect: dict[str, Any], calls: list[tuple[str, dict[str, Any]]], right_tool: float
) -> None:
    judgement = judged(expect, *calls)

    assert not judgement.passed
    assert judgement.marks == {"right_tool": right_tool, "right_args": 0}


def test_knowledge_needs_a_citation_or_an_honest_word() -> None:
    expect = {"kind": "knowledge"}
    honest = Happened([], {"answer": "", "citations": []}, off_topic=True)

    assert judged(expect, cites=1).passed
    assert judged(expect, ("search_knowledge", {"query": "x"}), cites=1).passed
    assert judge_routing(RoutingExpect.model_validate(expect), honest).passed
    assert not judged(expect).passed
    assert not judged(expect, ("diagnose", {}), cites=1).passed


def test_a_request_that_is_unclear_is_asked_back() -> None:
    assert judged({"kind": "clarify"}, answer="Which queue?").passed
    assert not judged({"kind": "clarify"}, answer="All is well.").passed
