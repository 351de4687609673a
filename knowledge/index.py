"""The index on disk: built aside, renamed into place, never changed afterwards, so readers need no coordination.

``<cache>/index/<embedder>-<format>-<content hash>/`` holds ``base.json`` (sections, lexical postings, problems), the
vectors of the example questions and a Chroma directory. A new text gives a new hash and so a new directory. Whatever
cannot be read back exactly as it was written is rebuilt, with a notice that says why.
"""

import json
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import lexical, vectors
from knowledge.build import BASE_FILE, EXAMPLES_FILE, FORMAT, EmptyBase, Progress, build, digest
from knowledge.embeddings import Embedder, embedded
from knowledge.leases import Lease, is_idle
from knowledge.loader import Section
from knowledge.questions import Examples

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["EmptyBase", "Index", "IndexInfo", "Progress", "open_index"]

_ATTEMPTS, _PAUSE_S = 5, 0.1  # to read a fresh index while another process swaps in its own
_YOUNG_S = 60.0  # a build this young may not have taken its lease yet


class _Unusable(Exception):
    """An index directory that is damaged or belongs to something else."""


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What was opened: ``sections`` counts both languages; ``seconds`` is the time to open, building included."""

    path: Path
    embedder: str
    sections: int
    rebuilt: bool
    seconds: float
    notices: tuple[str, ...]


class Index:
    """An index in memory: sections by (id, language), their order, postings, examples and the open collection."""

    def __init__(
        self, data: dict[str, Any], asked: "npt.NDArray[np.float32]", dense: vectors.Vectors, lease: Lease
    ) -> None:
        self.sections: dict[tuple[str, str], Section] = {
            (row["id"], row["lang"]): _section(row) for row in data["sections"]
        }
        self.ids: tuple[str, ...] = tuple(dict.fromkeys(section_id for section_id, _ in self.sections))
        self.lexical = lexical.Lexical.from_json(data["lexical"])
        self.examples = Examples(data["owners"], asked)
        self.problems: tuple[str, ...] = tuple(data["problems"])
        self.vectors = dense
        self._lease = lease

    def close(self) -> None:
        """Release the files; the index cannot be queried afterwards."""
        self.vectors.close()
        self._lease.close()


def open_index(
    cache_dir: Path, embedder: Embedder, articles_dir: Path, *, rebuild: bool = False, progress: Progress | None = None
) -> tuple[Index, IndexInfo]:
    """Open the index of these articles, building it when it is missing, damaged, foreign, or ``rebuild`` is set.

    Raises ``EmptyBase`` without articles and ``OSError`` when the cache directory cannot be written.
    """
    started = time.perf_counter()
    content = digest(articles_dir)
    path = cache_dir / "index" / f"{embedder.name}-{FORMAT}-{content}"
    metadata: vectors.Metadata = {
        "embedder": embedder.name, "version": embedder.version, "format": FORMAT, "content": content,
        "examples": f"{embedded().name} {embedded().version}",
    }  # fmt: skip
    notices: list[str] = []
    index = None
    if path.exists() and not rebuild:
        try:
            index = _read(path, metadata)
        except _Unusable as error:
            notices.append(f"the index at {path} could not be used and was rebuilt: {error}")
    built = index is None
    if index is None:
        index = _replace(
            path, metadata, lambda aside: build(aside, metadata, embedder, articles_dir, progress, remember=not rebuild)
        )
        _clean(path)
    notices += (f"left out: {problem}" for problem in index.problems)
    name = f"{embedder.name} {embedder.version}"
    seconds = round(time.perf_counter() - started, 3)
    return index, IndexInfo(path, name, len(index.sections), built, seconds, tuple(notices))


def _read(path: Path, metadata: vectors.Metadata) -> Index:
    """Read an index back; raises ``_Unusable`` unless everything is there and belongs together."""
    try:
        lease = Lease(path)
    except OSError as error:
        raise _Unusable(str(error)) from error
    import numpy as np

    try:
        data = json.loads((path / BASE_FILE).read_text(encoding="utf-8"))
        if data["metadata"] != dict(metadata):
            raise _Unusable(f"built as {data['metadata']}, wanted {dict(metadata)}")
        dense = vectors.Vectors(path / data["chroma"], metadata, data["dimensions"], len(data["sections"]))
        asked = np.load(path / EXAMPLES_FILE, allow_pickle=False)
        if len(asked) != len(data["owners"]):
            raise _Unusable(f"{EXAMPLES_FILE} has the shape {asked.shape}")
        return Index(data, asked, dense, lease)
    except (OSError, ValueError, KeyError, TypeError, vectors.VectorsUnusable) as error:
        lease.close()
        raise _Unusable(f"{type(error).__name__}: {error}") from error
    except _Unusable:
        lease.close()
        raise


def _replace(path: Path, metadata: vectors.Metadata, write: Callable[[Path], None]) -> Index:
    """Build beside ``path`` and rename into place, moving away only what stood there before."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = _inode(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    aside.mkdir(mode=0o700)
    lease = Lease(aside)  # so that nobody cleans it up meanwhile
    try:
        write(aside)
        if before is not None and _inode(path) == before:
            path.rename(path.with_name(f".{path.name}.{secrets.token_hex(4)}.old"))
        return _settle(aside, path, metadata)
    finally:
        lease.close()
        shutil.rmtree(aside, ignore_errors=True)


def _settle(aside: Path, path: Path, metadata: vectors.Metadata) -> Index:
    """Put the new index in place, or use the one that another process has just put there: they are the same."""
    for attempt in range(_ATTEMPTS):
        try:
            aside.rename(path)
        except OSError:  # there is one already, or ours went there before and was replaced
            if not path.exists() and aside.exists():
                raise
        try:
            return _read(path, metadata)
        except _Unusable as error:
            if attempt == _ATTEMPTS - 1:
                raise OSError(f"the index just written to {path} cannot be read back: {error}") from error
            time.sleep(_PAUSE_S)
    raise AssertionError("unreachable")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _clean(path: Path) -> None:
    """Remove other indexes of the same embedder, and what killed builds left, unless a process uses them."""
    embedder = path.name.rsplit("-", 2)[0]
    for other in path.parent.iterdir():
        if other == path or not other.is_dir() or not other.name.lstrip(".").startswith(f"{embedder}-"):
            continue
        if other.suffix == ".new" and time.time() - other.stat().st_mtime < _YOUNG_S:
            continue
        if is_idle(other):
            shutil.rmtree(other, ignore_errors=True)


def _section(row: dict[str, Any]) -> Section:
    return Section(**{**row, "systems": tuple(row["systems"]), "topics": tuple(row["topics"])})
