from __future__ import annotations

from pathlib import Path

from knowledge.lexical import Lexical, build
from knowledge.loader import Section, load
from knowledge.tokens import terms


def _ranked(index: Lexical, query: str) -> list[int]:
    scores = index.query(query).scores
    return sorted(scores, key=lambda position: -scores[position])


def _index(articles_dir: Path) -> tuple[list[str], Lexical]:
    documents: dict[str, list[Section]] = {}
    for section in load(articles_dir).sections:
        documents.setdefault(section.id, []).append(section)
    return list(documents), build(list(documents.values()), {})


def test_word_forms_of_both_languages_meet() -> None:
    assert set(terms("очередями")) == set(terms("очередь"))
    assert set(terms("retrying")) == set(terms("retries"))


def test_an_identifier_is_found_whole_and_by_its_parts() -> None:
    found = set(terms("worker_prefetch_multiplier"))

    assert "worker_prefetch_multiplier" in found
    assert set(terms("prefetch")) <= found


def test_a_question_in_either_language_finds_the_same_section(two_articles: Path) -> None:
    ids, index = _index(two_articles)

    for question in ("small tasks in one batch", "мелкие задачи пачкой"):
        assert ids[_ranked(index, question)[0]].startswith("performance/batching")


def test_a_synonym_finds_what_the_text_calls_otherwise(two_articles: Path) -> None:
    ids, index = _index(two_articles)

    assert ids[_ranked(index, "срочные")[0]].startswith("scaling/priorities")


def test_coverage_tells_a_known_question_from_a_foreign_one(two_articles: Path) -> None:
    _, index = _index(two_articles)

    assert index.query("small tasks batch").coverage > index.query("small knitting needles").coverage
    assert index.query("вязание крючком").coverage == 0


def test_a_written_index_answers_like_the_one_that_was_built(two_articles: Path) -> None:
    _, index = _index(two_articles)

    restored = Lexical.from_json(index.to_json())

    assert restored.query("приоритет задач") == index.query("приоритет задач")
