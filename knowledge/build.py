"""Makes an index out of the articles: what is embedded, what is counted, and which files that gives.

A section's vector is the mean of three, its article's summary, its title and heading, and how its text begins, moved
towards the middle of the article's example questions. Each alone finds less, and a whole text in one vector blurs.
"""

import functools
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge import lexical, loader, questions, remembered, vectors
from knowledge.embeddings import Embedder, embedded
from knowledge.loader import Section
from knowledge.remembered import Progress
from knowledge.tokens import LEXICON_FILE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]

__all__ = ["BASE_FILE", "EXAMPLES_FILE", "FORMAT", "EmptyBase", "Progress", "build", "digest"]

FORMAT = 4  # raise it when what is indexed, or how, changes
BASE_FILE = "base.json"
EXAMPLES_FILE = "examples.npy"

_TEXT_START = 200  # characters of a section's text that its vector covers
_ASKED_SHARE = 0.8  # weight of the example questions in a section's vector; chosen on the tuning questions


class EmptyBase(Exception):
    """There is no readable article at all."""


def digest(articles_dir: Path) -> str:
    """Hash of everything the index is made from: articles, example questions, and the words of the field."""
    result = hashlib.sha256()
    files = {path.relative_to(articles_dir).as_posix(): path for path in articles_dir.rglob("*.md")}
    files |= {path.name: path for path in (questions.ELSEWHERE_FILE, LEXICON_FILE)}
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        result.update(f"{name}\0{len(content)}\0".encode())
        result.update(content)
    return result.hexdigest()[:16]


def build(
    directory: Path,
    metadata: vectors.Metadata,
    embedder: Embedder,
    articles_dir: Path,
    progress: Progress | None = None,
    *,
    remember: bool = True,
) -> None:
    """Write the files of an index into an empty directory; raises ``EmptyBase`` without articles.

    Vectors of texts that an index beside this one holds are taken from there, unless ``remember`` is off.
    """
    import numpy as np

    base = loader.load(articles_dir)
    sections = base.sections
    if not sections:
        raise EmptyBase(f"no readable article in {articles_dir}; {'; '.join(map(str, base.problems[:3]))}")
    documents: dict[str, list[Section]] = {}
    for section in sections:
        documents.setdefault(section.id, []).append(section)
    examples = questions.examples(base.articles)
    embed = functools.partial(remembered.embed, directory=directory, remember=remember)
    dense, asked = _vectors(sections, examples, embedder, embed, progress)
    chroma = f"chroma-{secrets.token_hex(4)}"  # Chroma keeps one system a path and process: never the same path twice
    vectors.write(directory / chroma, metadata, [f"{section.id}@{section.lang}" for section in sections], dense)
    np.save(directory / EXAMPLES_FILE, asked)
    spoken: dict[str, list[str]] = {}
    for owner, text in examples:
        spoken.setdefault(owner, []).append(text)
    data = {
        "metadata": dict(metadata),
        "chroma": chroma,
        "dimensions": dense.shape[1],
        "sections": [asdict(section) for section in sections],
        "owners": [owner for owner, _ in examples],
        "lexical": lexical.build(list(documents.values()), spoken).to_json(),
        "problems": [str(problem) for problem in base.problems],
    }
    (directory / BASE_FILE).write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _vectors(
    sections: Sequence[Section],
    examples: Sequence[tuple[str, str]],
    embedder: Embedder,
    embed: "Callable[..., Mapping[str, Vector]]",
    progress: Progress | None,
) -> "tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]":
    """Vectors of the sections, and of the example questions, which are always the embedded embedder's."""
    import numpy as np

    parts = [_parts(section) for section in sections]
    asked = [text for _, text in examples]
    known = embed([*dict.fromkeys(text for part in parts for text in part), *asked], embedder, progress=progress)
    spoken = known if embedder.name == embedded().name else embed(asked, embedded())
    groups: dict[str, list[str]] = {}
    for owner, text in examples:
        groups.setdefault(owner, []).append(text)
    middles = {owner: _unit(sum(known[text] for text in texts)) for owner, texts in groups.items()}
    rows = [
        _unit(sum(known[text] for text in part)) + _ASKED_SHARE * middles[section.article]
        for section, part in zip(sections, parts, strict=True)
    ]
    return np.stack([_unit(row) for row in rows]), np.stack([spoken[text] for text in asked])


def _unit(vector: Any) -> "Vector":
    import numpy as np

    unit: Vector = np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
    return unit


def _parts(section: Section) -> tuple[str, ...]:
    """The texts whose vectors make the section's."""
    start = section.text[:_TEXT_START]
    return section.summary, f"{section.title}. {section.heading}", f"{section.heading}. {start}"
