"""The articles that ship."""

from __future__ import annotations

import pytest

from knowledge.lint import lint
from knowledge.search import Knowledge

# Causes that this release diagnoses; the article of a cause carries its name unless it is one of the guide's own.
CAUSES = [
    "no-consumers", "queue-mismatch", "workers-lost", "consumer-stalled", "backlog-growing", "paused",
    "prefetch-hoarding", "unacked-pileup", "stuck-tasks", "eviction-risk", "memory-pressure",
    "broker-refusing-writes", "result-bloat", "high-latency", "memory-leaks",
]  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_its_article_in_both_languages(base: Knowledge, cause: str) -> None:
    english, russian = (base.section(f"troubleshooting/{cause}", lang) for lang in ("en", "ru"))

    assert [hit.id for hit in english] == [hit.id for hit in russian]
    assert {hit.lang for hit in english} == {"en"}
    assert {hit.lang for hit in russian} == {"ru"}


def test_nothing_was_left_out(base: Knowledge) -> None:
    assert base.info.notices == ()


def test_the_articles_are_clean() -> None:
    assert [str(problem) for problem in lint()] == []
