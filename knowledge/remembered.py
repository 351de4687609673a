"""Embeds texts, and takes from earlier indexes what they have embedded already.

Every index keeps the vectors of its texts under a hash of embedder, version and text. After an edit only the sections
that changed are embedded again; with an embedder behind an API that is also what it costs.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.embeddings import Embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Progress", "embed"]

Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all), first with none done."""

_STEP = 256  # texts embedded between two calls of progress
_THREADS = 2  # numpy and sockets both let go of the interpreter meanwhile
_HASH_BYTES = 16


def embed(
    texts: Iterable[str],
    embedder: Embedder,
    directory: Path,
    progress: Progress | None = None,
    *,
    remember: bool = True,
) -> "Mapping[str, npt.NDArray[np.float32]]":
    """Vectors by text; ``directory`` is the index being built, beside the earlier ones, and keeps them for the next.

    Without ``remember`` everything is embedded again. Raises what the embedder raises.
    """
    import numpy as np

    made_by = f"{embedder.name}\0{embedder.version}\0"
    wanted = {text: hashlib.sha256(f"{made_by}{text}".encode()).digest()[:_HASH_BYTES] for text in texts}
    file = f"texts-{embedder.name}.npz"
    known = _earlier(directory.parent, file, set(wanted.values())) if remember else {}
    missing = [text for text, key in wanted.items() if key not in known]
    told = progress or (lambda _done, _total: None)
    told(0, len(missing))
    steps = [missing[start : start + _STEP] for start in range(0, len(missing), _STEP)]
    done = 0
    with ThreadPoolExecutor(_THREADS, "embed") as pool:
        try:
            for step, rows in zip(steps, pool.map(embedder.embed, steps), strict=True):
                known.update(zip((wanted[text] for text in step), rows, strict=True))
                done += len(step)
                told(done, len(missing))
        finally:
            pool.shutdown(cancel_futures=True)  # after a failure the rest would only fail one by one
    keys = list(wanted.values())
    np.savez(directory / file, keys=np.frombuffer(b"".join(keys), np.uint8), vectors=np.stack([known[k] for k in keys]))
    return {text: known[key] for text, key in wanted.items()}


def _earlier(root: Path, file: str, wanted: set[bytes]) -> "dict[bytes, npt.NDArray[np.float32]]":
    """What the newest readable index knows; an unreadable one costs time and nothing else."""
    import numpy as np

    paths = [path for path in root.glob(f"*/{file}") if path.is_file()]
    for path in sorted(paths, key=lambda path: -path.stat().st_mtime):
        try:
            with np.load(path, allow_pickle=False) as data:
                keys, vectors = data["keys"].tobytes(), data["vectors"]
                rows = zip(range(0, len(keys), _HASH_BYTES), vectors, strict=True)
                return {key: row for at, row in rows if (key := keys[at : at + _HASH_BYTES]) in wanted}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            continue
    return {}
