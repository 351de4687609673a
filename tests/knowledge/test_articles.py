"""The articles that ship."""

from __future__ import annotations

import pytest

from knowledge.lint import lint
from knowledge.loader import SYSTEMS
from knowledge.search import Knowledge
from tools.causes import CAUSES

# The guide's own articles, under the names that people use.
GUIDE = {"latency-high": "high-latency", "worker-memory-growth": "memory-leaks", "stuck-jobs": "stuck-tasks"}
TROUBLES = sorted(set(CAUSES) - {"healthy", "backlog-draining"})


@pytest.mark.parametrize("cause", TROUBLES)
def test_every_cause_has_its_article_in_both_languages(base: Knowledge, cause: str) -> None:
    english, russian = (base.section(f"troubleshooting/{GUIDE.get(cause, cause)}", lang) for lang in ("en", "ru"))

    assert [hit.id for hit in english] == [hit.id for hit in russian]
    assert {hit.lang for hit in english} == {"en"}
    assert {hit.lang for hit in russian} == {"ru"}


def test_every_system_has_its_article(base: Knowledge) -> None:
    own = {article.partition("/")[2] for article in base.article_ids if article.startswith(("brokers/", "frameworks/"))}

    assert own == SYSTEMS - {"kubernetes"}


def test_nothing_was_left_out(base: Knowledge) -> None:
    assert base.info.notices == ()


def test_the_articles_are_clean() -> None:
    assert [str(problem) for problem in lint()] == []
