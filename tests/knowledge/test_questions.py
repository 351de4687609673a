from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from knowledge import questions
from knowledge.loader import load


def test_an_article_without_questions_stands_in_with_its_title_and_summary(
    two_articles: Path, write: Callable[..., Path]
) -> None:
    for lang in ("en", "ru"):
        write(lang, "performance/new", title=f"New {lang}")

    found = questions.examples(load(two_articles).articles)

    assert ("performance/new", "New en") in found
    assert any(owner == questions.ELSEWHERE for owner, _ in found)


def test_missing_and_foreign_questions_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "questions.yaml"
    path.write_text("a/b:\n  en: [one]\nc/d:\n  en: [one]\n  ru: [one]\nelsewhere:\n  en: [x]\n  ru: [x]\n")

    found = [str(problem) for problem in questions.check(["a/b"], path)]

    assert found == [
        "questions.yaml:3: questions for an unknown article c/d",
        "questions.yaml:1: no questions in ru for a/b",
    ]
