"""Finds the sections that answer a question: dense and lexical ranking fused, and an honest word when nothing does.

Neither ranking is enough. Vectors understand a paraphrase and know no names; words know names and no paraphrase. Their
scores are normalised within a question and added. Whether the base has anything on the question at all is a decision of
its own (``knowledge.topic``), since the best of the fused scores is high for every question.
"""

import difflib
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from knowledge.embeddings import Embedder, EmbeddingFailed, embedded
from knowledge.index import Index, IndexInfo, Progress, open_index
from knowledge.language import LANGUAGES, detect_language
from knowledge.lexical import LexicalResult
from knowledge.loader import ARTICLES_DIR
from knowledge.questions import Nearness
from knowledge.topic import Signals, is_off_topic

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Hit", "Knowledge", "SearchResult", "UnknownSection"]

# Chosen on the tuning questions (evals/cases/knowledge/tuning.yaml); the three shares make 1.
_WORDS, _SECTION, _ASKED = 0.6, 0.25, 0.15
_AT_ONCE = 4  # questions that may wait for Chroma together
_NEAREST = 60  # neighbours asked of Chroma; the farthest of them stands for 0
_ARTICLES = 20  # articles by their example questions; the farthest of them stands for 0
_REPEAT = 0.5  # factor for each further section of an article: the next hit had better be of another one


@dataclass(frozen=True, slots=True)
class Hit:
    """A section in one language. ``score`` is 0..1, comparable within one result; None when it was asked for by id."""

    id: str
    title: str
    heading: str
    lang: str
    score: float | None
    text: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best sections first. With ``off_topic`` they are only the nearest there is, and no answer.

    ``notice`` says what the search had to do without.
    """

    hits: list[Hit]
    off_topic: bool
    elapsed_ms: float
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What the sources say about a question, before fusion."""

    dense: dict[int, float]
    lexical: LexicalResult
    asked: Nearness
    notice: str | None

    @property
    def signals(self) -> Signals:
        best = max(self.lexical.scores.values(), default=0.0)
        return Signals(self.lexical.coverage, best, self.asked.field, self.asked.elsewhere)


class UnknownSection(LookupError):
    """No section and no article has this id."""

    def __init__(self, section_id: str, nearest: Sequence[str] = ()) -> None:
        hint = f"; the nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__(f"no section or article {section_id!r}{hint}")
        self.section_id = section_id
        self.nearest = tuple(nearest)


class Knowledge:
    """The knowledge base, open for questions; safe to share between threads."""

    def __init__(self, index: Index, info: IndexInfo, embedder: Embedder) -> None:
        self.info = info
        self._index = index
        self._embedder = embedder
        self._position: dict[str, int] = {section_id: position for position, section_id in enumerate(index.ids)}
        self._pool = ThreadPoolExecutor(_AT_ONCE, "chroma")
        self._articles = [section_id.partition("#")[0] for section_id in index.ids]

    @classmethod
    def open(
        cls,
        cache_dir: Path | str,
        *,
        articles_dir: Path | str | None = None,
        rebuild: bool = False,
        progress: Progress | None = None,
        embedder: Embedder | None = None,
    ) -> "Knowledge":
        """Open the index under ``<cache_dir>/index``, building it first where needed (some seconds).

        Raises ``knowledge.index.EmptyBase`` without articles and ``OSError`` when the cache cannot be written.
        """
        embedded().warm_up(Path(cache_dir))  # beside the import of Chroma
        folder = Path(articles_dir) if articles_dir is not None else ARTICLES_DIR
        chosen, missed = embedder or embedded(), ""
        try:
            index, info = open_index(Path(cache_dir), chosen, folder, rebuild=rebuild, progress=progress)
        except EmbeddingFailed as error:
            chosen, missed = embedded(), f"the embedded embedder stands in: {error}"
            index, info = open_index(Path(cache_dir), chosen, folder, rebuild=rebuild, progress=progress)
        return cls(index, replace(info, notices=(*info.notices, missed)) if missed else info, chosen)

    @property
    def article_ids(self) -> list[str]:
        """Ids of all articles, sorted."""
        return sorted(set(self._articles))

    def search(self, query: str, *, lang: str | None = None, k: int = 5) -> SearchResult:
        """The ``k`` best sections for a question in either language, one hit a section id.

        They come in ``lang``, or in the language of the question. An empty question is off topic.
        """
        started = time.perf_counter()
        found = self._find(query)
        ranked = self._rank(found)[: max(k, 0)] if query.strip() else []
        spoken = lang or detect_language(query)
        hits = [self._hit(position, spoken, score) for position, score in ranked]
        off_topic = not query.strip() or is_off_topic(found.signals)
        return SearchResult(hits, off_topic, round((time.perf_counter() - started) * 1000, 2), found.notice)

    def signals(self, query: str) -> Signals:
        """What the decision whether a question is off topic rests on."""
        return self._find(query).signals

    def section(self, section_id: str, lang: str) -> list[Hit]:
        """One section, or every section of an article in order; raises ``UnknownSection``."""
        wanted = [
            position
            for position, known in enumerate(self._index.ids)
            if known == section_id or known.partition("#")[0] == section_id
        ]
        if not wanted:
            candidates = [*self.article_ids, *self._index.ids]
            raise UnknownSection(section_id, difflib.get_close_matches(section_id, candidates))
        return [self._hit(position, lang, None) for position in wanted]

    def close(self) -> None:
        """Release the files of the index."""
        self._pool.shutdown()
        self._index.close()

    def __enter__(self) -> "Knowledge":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _find(self, query: str) -> "_Found":
        """Ask the three sources: sections by vector (the better language counts), by words, and example questions.

        A configured embedder that fails costs the vectors of the sections: the other two find most of it alone.
        """
        local = vector = embedded().embed([query])[0]
        notice = None
        if self._embedder.name != embedded().name:
            try:
                vector = self._embedder.embed([query])[0]
            except EmbeddingFailed as error:
                vector, notice = None, f"searched without section vectors: {error}"
        near = None if vector is None else self._pool.submit(self._nearest, vector)  # Chroma lets the interpreter go
        words, asked = self._index.lexical.query(query), self._index.examples.near(local)
        return _Found({} if near is None else near.result(), words, asked, notice)

    def _nearest(self, vector: "npt.NDArray[np.float32]") -> dict[int, float]:
        dense: dict[int, float] = {}
        for row, cosine in self._index.vectors.nearest(vector, min(_NEAREST, len(self._index.sections))):
            position = self._position[row.rpartition("@")[0]]
            dense[position] = max(dense.get(position, -1.0), cosine)
        return dense

    def _rank(self, found: "_Found") -> list[tuple[int, float]]:
        """Fuse the sources; each further section of an article counts for less, so that other articles show."""
        words = _spread(found.lexical.scores, 0.0)
        section = _spread(found.dense, min(found.dense.values(), default=0.0))
        articles = sorted(found.asked.articles.values(), reverse=True)[:_ARTICLES]
        asked = _spread(found.asked.articles, articles[-1])
        fused = {
            position: _WORDS * words.get(position, 0.0)
            + _SECTION * section.get(position, 0.0)
            + _ASKED * asked.get(article, 0.0)
            for position, article in enumerate(self._articles)
        }
        seen: Counter[str] = Counter()
        ranked = []
        for position in sorted(fused, key=lambda position: (-fused[position], position)):
            article = self._articles[position]
            ranked.append((position, fused[position] * _REPEAT ** seen[article]))
            seen[article] += 1
        return sorted(ranked, key=lambda pair: -pair[1])

    def _hit(self, position: int, lang: str, score: float | None) -> Hit:
        section_id = self._index.ids[position]
        options = (lang, *(other for other in LANGUAGES if other != lang))  # a section may lack one language
        sections = self._index.sections
        section = next(sections[section_id, one] for one in options if (section_id, one) in sections)
        shown = None if score is None else round(score, 3)
        return Hit(section_id, section.title, section.heading, section.lang, shown, section.text)


_Key = TypeVar("_Key", bound=Hashable)


def _spread(scores: Mapping[_Key, float], low: float) -> dict[_Key, float]:
    """Scores stretched to 0..1 between ``low`` and their best; whatever lies below is 0."""
    width = max(scores.values(), default=0.0) - low
    return {key: max(score - low, 0.0) / width if width > 0 else 0.0 for key, score in scores.items()}
