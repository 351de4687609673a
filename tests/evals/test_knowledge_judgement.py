"""Search is judged by where the first right article stands, and by an honest word when there is none."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from evals.case import KnowledgeExpect
from evals.checks import judge_knowledge
from evals.run import run_cases
from evals.world import open_bench
from knowledge.search import Hit, SearchResult

from .conftest import ScriptedModel, says

ON = KnowledgeExpect(ids=["scaling/horizontal", "scaling/autoscaling"], off_topic=False)
OFF = KnowledgeExpect(ids=[], off_topic=True)


@pytest.mark.parametrize(
    ("found", "passes", "marks"),
    [
        (["scaling/horizontal#drain-time"], True, (1, 1, 1, 1.0)),
        (["a/b#c", "scaling/autoscaling#keda"], True, (0, 1, 1, 0.5)),
        (["a/b#c", "a/b#d", "a/b#e", "scaling/horizontal#x"], False, (0, 0, 1, 0.25)),
        (["a/b#c"], False, (0, 0, 0, 0.0)),
    ],
)
def test_the_first_right_article_decides(found: list[str], passes: bool, marks: tuple[float, ...]) -> None:
    judgement = judge_knowledge(ON, found, off_topic=False)

    assert judgement.passed is passes
    assert [judgement.marks[name] for name in ("recall@1", "recall@3", "recall@5", "mrr")] == list(marks)


def test_a_question_of_the_field_that_is_turned_away_fails() -> None:
    judgement = judge_knowledge(ON, ["scaling/horizontal#x"], off_topic=True)

    assert not judgement.passed
    assert judgement.marks["off_topic"] == 0


def test_a_question_outside_the_field_must_be_turned_away_and_has_no_rank() -> None:
    assert judge_knowledge(OFF, ["a/b#c"], off_topic=True).passed
    assert not judge_knowledge(OFF, ["a/b#c"], off_topic=False).passed
    assert "mrr" not in judge_knowledge(OFF, [], off_topic=True).marks


async def test_a_question_whose_article_is_not_written_yet_is_marked(config, case_files, tmp_path) -> None:
    class Base:
        article_ids: ClassVar = ["scaling/horizontal"]

        def search(self, *_: Any, **__: Any) -> SearchResult:
            return SearchResult(
                [Hit("scaling/horizontal#x", "t", "h", "en", 0.9, "…")], off_topic=False, elapsed_ms=0.0
            )

    cases = [
        case_files.case(
            "knowledge", {"id": name, "lang": "en", "ask": "?", "expect": {"ids": [name], "off_topic": False}}
        )
        for name in ("scaling/horizontal", "brokers/later")
    ]
    async with open_bench(
        config, tmp_path / "s", model=ScriptedModel(script=lambda *_: says("")), knowledge=Base
    ) as bench:
        outcomes = await run_cases(bench, cases)

    assert [o.attempts[0].played.judgement.marks["covered"] for o in outcomes] == [1, 0]
