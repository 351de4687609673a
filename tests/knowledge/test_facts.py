from __future__ import annotations

from pathlib import Path

import pytest

from knowledge import facts
from knowledge.loader import load

GOOD = """\
- {fact: Zero goes first, article: scaling/priorities, en: ["0 runs first", "redis"], ru: ["0 выполняется первым"]}
"""


def _found(articles: Path, tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(problem) for problem in facts.check(load(articles).articles, path)]


def test_a_fact_that_stands_in_both_languages_is_fine(two_articles: Path, tmp_path: Path) -> None:
    assert _found(two_articles, tmp_path, GOOD.replace("0 runs first", "`priority`  0 RUNS first")) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("0 runs first", "0 runs last", "facts.yaml:3: no section of en/scaling/priorities.md holds '0 runs last'"),
        ("выполняется первым", "последним", "facts.yaml:3: no section of ru/scaling/priorities.md holds"),
        ('"redis"', '"30 s"', "facts.yaml:3: no section of en/scaling/priorities.md holds '0 runs first', '30 s'"),
        ("scaling/priorities", "scaling/none", "facts.yaml:3: no article en/scaling/none.md"),
        ("fact: Zero goes first, ", "", "facts.yaml:3: a fact has exactly the keys"),
        ('["0 выполняется первым"]', "[]", "facts.yaml:3: the words of a language are"),
    ],
)
def test_a_fact_that_is_missing_or_malformed_is_found_with_its_line(
    two_articles: Path, tmp_path: Path, old: str, new: str, finding: str
) -> None:
    found = _found(two_articles, tmp_path, "# comment\n" + GOOD + GOOD.replace(old, new))

    assert any(problem.startswith(finding) for problem in found), found
    assert all(problem.startswith("facts.yaml:3") for problem in found)
