"""The dense half of the index: one Chroma collection in a directory of its own, written once and then only read.

Embeddings are always passed in: Chroma's default embedding function would download a model. Chroma accepts vectors of
any origin, so where they came from stands in the collection's metadata and is compared when it is opened.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Vectors", "VectorsUnusable", "write"]

_COLLECTION = "sections"
_BATCH = 1000  # rows a call; the limit of SQLite's variables is far above
# Searching as wide as this finds the exact neighbours in a base of this size (cosine distance).
_HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 100}
_PROBE = 10
_TRIES = 3

Metadata = Mapping[str, str | int]


class VectorsUnusable(Exception):
    """The collection is missing, damaged, or holds vectors of something else."""


class Vectors:
    """A collection that was opened and tried with one query."""

    def __init__(self, directory: Path, metadata: Metadata, dimensions: int, count: int) -> None:
        """Open what ``write`` wrote; raises ``VectorsUnusable`` when it is not exactly that."""
        self._directory = directory
        self._client: Any = None
        self._lock = Lock()
        try:
            self._open()
            self._check(metadata, dimensions, count)
        except VectorsUnusable:
            self.close()
            raise
        except BaseException as error:  # Chroma's Rust core panics outside Exception on a damaged SQLite file
            self.close()
            if type(error).__name__ != "PanicException" and not isinstance(error, Exception):
                raise
            raise VectorsUnusable(f"Chroma cannot read {directory}: {str(error).splitlines()[0][:200]}") from error

    def nearest(self, vector: "Sequence[float] | npt.NDArray[np.float32]", count: int) -> list[tuple[str, float]]:
        """The nearest rows as (id, cosine similarity), best first.

        A rebuild on demand moves this index aside. Chroma opens connections as it needs them, so one of them may look
        where the files were: then they are opened again where they are.
        """
        from chromadb.errors import InternalError, NotFoundError

        for left in reversed(range(_TRIES)):
            collection = self._collection
            try:
                found = collection.query(query_embeddings=[vector], n_results=count, include=["distances"])
                break
            except (InternalError, NotFoundError):
                if not left:
                    raise
                self._reopen(collection)
        return [(row, 1.0 - distance) for row, distance in zip(found["ids"][0], found["distances"][0], strict=True)]

    def close(self) -> None:
        """Release the files."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> None:
        if not self._directory.is_dir():  # Chroma would make a new one
            index, name = self._directory.parent, self._directory.name
            self._directory = next(index.parent.glob(f"*/{name}"), self._directory)
            if not self._directory.is_dir():
                raise VectorsUnusable(f"{self._directory} is gone")
        self._client = _client(self._directory)
        self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)

    def _reopen(self, failed: Any) -> None:
        """Open again, unless another thread has done so since the query that failed."""
        with self._lock:
            if self._collection is failed:
                self.close()
                self._open()

    def _check(self, metadata: Metadata, dimensions: int, count: int) -> None:
        found = dict(self._collection.metadata or {})
        if found != dict(metadata):
            raise VectorsUnusable(f"built as {found}, wanted {dict(metadata)}")
        if self._collection.count() != count:
            raise VectorsUnusable(f"{self._collection.count()} vectors instead of {count}")
        # A collection whose neighbour graph is gone still counts right and answers with next to nothing.
        wanted = min(_PROBE, count)
        if len(self.nearest([dimensions**-0.5] * dimensions, wanted)) != wanted:
            raise VectorsUnusable("the neighbour graph is incomplete")


def write(directory: Path, metadata: Metadata, ids: Sequence[str], vectors: "npt.NDArray[np.float32]") -> None:
    """Write a new collection into a directory that does not exist yet; rows of ``vectors`` belong to ``ids``."""
    client = _client(directory)
    try:
        whole = max(len(ids), 2)  # written to the graph in one go, so that nothing is left in Chroma's log
        hnsw = _HNSW | {"batch_size": whole, "sync_threshold": whole}
        collection = client.create_collection(
            _COLLECTION, metadata=dict(metadata), configuration={"hnsw": hnsw}, embedding_function=None
        )
        for start in range(0, len(ids), _BATCH):
            collection.add(ids=list(ids[start : start + _BATCH]), embeddings=vectors[start : start + _BATCH])
    finally:
        client.close()


def _client(directory: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(directory, settings=Settings(anonymized_telemetry=False))
