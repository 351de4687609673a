from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.loader import load


def test_a_section_carries_what_its_article_says_about_it(two_articles: Path) -> None:
    sections = {(section.id, section.lang): section for section in load(two_articles).sections}

    section = sections["scaling/priorities#what-to-do", "ru"]
    assert (section.title, section.heading, section.anchor) == ("Приоритеты", "Что делать", "what-to-do")
    assert section.text == "На Redis `priority` 0 выполняется первым."
    assert section.systems == ("celery", "redis")


def test_an_intro_is_read_with_the_first_section(write: Callable[..., Path], articles_dir: Path) -> None:
    for lang in ("en", "ru"):
        write(lang, "performance/batching", body="Intro.\n\n## One {#one}\n\nText.\n\n## Two {#two}\n\nMore.")

    first, second = load(articles_dir).articles[0].sections

    assert first.text.startswith("Intro.")
    assert second.text == "More."


def test_a_comment_in_a_code_block_is_no_heading(write: Callable[..., Path], articles_dir: Path) -> None:
    for lang in ("en", "ru"):
        write(lang, "performance/batching", body="## One {#one}\n\n```bash\n## not a heading\nls\n```\n")

    base = load(articles_dir, strict=True)

    assert [section.id for section in base.articles[0].sections] == ["performance/batching#one"]
    assert base.problems == ()


@pytest.mark.parametrize(
    ("damage", "line", "reason"),
    [
        ({"text": "no front matter"}, 1, "no front matter"),
        ({"title": "[unclosed"}, 4, "not YAML"),
        ({"title": "''"}, 3, "title must be one line"),
        ({"id": "scaling/priorities"}, 2, "duplicate id"),
        ({"id": "performance/other"}, 2, "id belongs to a file"),
        ({"body": "## No anchor\n\nText."}, 12, "no {#anchor}"),
        ({"body": "## One {#one}\n\nText.\n\n## Two {#one}\n\nText."}, 16, "used twice"),
        ({"body": "## One {#one}\n\n## Two {#two}\n\nText."}, 12, "is empty"),
        ({"body": "Only an intro."}, 10, "no section"),
        ({"body": "## One {#one}\n\n```bash\nls"}, 16, "not closed"),
    ],
)
def test_a_broken_article_is_left_out_and_reported(
    two_articles: Path, write: Callable[..., Path], damage: dict[str, str], line: int, reason: str
) -> None:
    write("ru", "performance/batching", **damage)

    base = load(two_articles)

    assert {article.id for article in base.articles} == {"scaling/priorities"}
    found = next(problem for problem in base.problems if problem.file == "ru/performance/batching.md")
    assert reason in found.reason
    assert found.line == line


def test_an_unknown_system_is_named(two_articles: Path) -> None:
    path = two_articles / "en" / "performance" / "batching.md"
    path.write_text(path.read_text(encoding="utf-8").replace("[celery, redis]", "[celery, resque]"), encoding="utf-8")

    base = load(two_articles)

    assert any("unknown system resque" in problem.reason and problem.line == 5 for problem in base.problems)
    assert {article.id for article in base.articles} == {"scaling/priorities"}


def test_an_article_without_its_other_language_is_left_out(two_articles: Path) -> None:
    (two_articles / "ru" / "performance" / "batching.md").unlink()

    base = load(two_articles)

    assert {article.id for article in base.articles} == {"scaling/priorities"}
    assert "ru/performance/batching.md" in base.problems[0].reason


def test_bytes_that_are_no_text_cost_one_article_only(two_articles: Path) -> None:
    (two_articles / "en" / "performance" / "batching.md").write_bytes(b"---\n\xff\xfe\n---\n")

    base = load(two_articles)

    assert {article.id for article in base.articles} == {"scaling/priorities"}
    assert any("UTF-8" in problem.reason for problem in base.problems)


def test_only_the_strict_mode_reports_what_costs_no_article(two_articles: Path, write: Callable[..., Path]) -> None:
    write("ru", "performance/batching", body="## Что {#other}\n\nТекст.\n\n## Как {#check}\n\n`LLEN celery` 30 с.")

    assert load(two_articles).problems == ()
    assert any("anchors differ" in problem.reason for problem in load(two_articles, strict=True).problems)
