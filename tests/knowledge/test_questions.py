from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from knowledge import questions
from knowledge.lint import lint
from knowledge.loader import load

Write = Callable[..., Path]


def _without_questions(path: Path) -> None:
    path.write_text(path.read_text().replace("asked: [", "asked: [] # "))


def test_an_article_without_questions_stands_in_with_its_title_and_summary(two_articles: Path, write: Write) -> None:
    for lang in ("en", "ru"):
        _without_questions(write(lang, "performance/new", title=f"New {lang}"))

    found = questions.examples(load(two_articles).articles)

    assert ("performance/new", "New en") in found
    assert ("scaling/priorities", "scaling/priorities ru?") in found
    assert any(owner == questions.ELSEWHERE for owner, _ in found)


def test_an_article_without_questions_is_a_finding_but_stays(two_articles: Path, write: Write) -> None:
    _without_questions(write("en", "scaling/priorities"))

    assert [str(problem) for problem in lint(two_articles)] == ["en/scaling/priorities.md:1: front matter lacks asked"]
    assert len(load(two_articles).articles) == 4


def test_a_question_that_leads_to_two_articles_is_a_finding(two_articles: Path, write: Write) -> None:
    write("en", "performance/batching", asked="Which goes first?")
    write("en", "scaling/priorities", asked="which goes  first?")

    found = [str(problem) for problem in lint(two_articles)]

    assert found == ["en/scaling/priorities.md:9: 'which goes  first?' is asked in en/performance/batching.md too"]
