"""Small articles written to disk, and the real base built once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from knowledge.search import Knowledge

FRONT = """---
id: {id}
title: {title}
summary: {summary}
systems: [celery, redis]
topics: [testing]
updated: 2026-11-24
sources: [Celery 5.7 documentation]
asked: ["{asked}"]
---

{body}
"""
TEXTS = {
    "performance/batching": {
        "en": ("Batching", "How to process many small tasks in one batch.", "Group small tasks into one message."),
        "ru": ("Пакетная обработка", "Как обработать много мелких задач пачкой.", "Соберите мелкие задачи в пачку."),
    },
    "scaling/priorities": {
        "en": ("Priorities", "Which tasks run first and which starve.", "On Redis `priority` 0 runs first."),
        "ru": ("Приоритеты", "Какие задачи идут первыми.", "На Redis `priority` 0 выполняется первым."),
    },
}
HEADINGS = {"en": ("What to do", "How to check"), "ru": ("Что делать", "Как проверить")}

Write = Callable[..., Path]


@pytest.fixture
def articles_dir(tmp_path: Path) -> Path:
    return tmp_path / "articles"


@pytest.fixture
def write(articles_dir: Path) -> Write:
    """Write one article file; `front` replaces the whole front matter and body."""

    def write(lang: str, article_id: str, *, text: str | None = None, body: str | None = None, **meta: str) -> Path:
        title, summary, first = TEXTS.get(article_id, TEXTS["performance/batching"])[lang]
        one, two = HEADINGS[lang]
        sections = body or f"## {one} {{#what-to-do}}\n\n{first}\n\n## {two} {{#check}}\n\n`LLEN celery` 30 s.\n"
        path = articles_dir / lang / f"{article_id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {"id": article_id, "title": title, "summary": summary, "asked": f"{article_id} {lang}?", **meta}
        path.write_text(text if text is not None else FRONT.format(body=sections, **fields), encoding="utf-8")
        return path

    return write


@pytest.fixture
def two_articles(write: Write, articles_dir: Path) -> Path:
    """Two good articles in both languages; returns their directory."""
    for article_id in TEXTS:
        for lang in ("en", "ru"):
            write(lang, article_id)
    return articles_dir


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knowledge]:
    """The real articles, indexed with the real embedder."""
    with Knowledge.open(tmp_path_factory.mktemp("cache")) as knowledge:
        yield knowledge
