"""Search is judged by where the first right article stands, and by an honest word when there is none."""

from __future__ import annotations

import pytest

from evals.case import KnowledgeExpect
from evals.checks import judge_knowledge

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
