"""How people ask: the example questions in each article's front matter, and some from outside the field.

A new question is compared with them: the article whose example is nearest gains, and a question that resembles those
from elsewhere (``elsewhere.yaml``) more than those of the field is probably not ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from knowledge.loader import Article, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ELSEWHERE", "ELSEWHERE_FILE", "Examples", "Nearness", "examples", "repeated"]

ELSEWHERE_FILE = Path(__file__).with_name("elsewhere.yaml")
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Nearness:
    """Best cosine similarity to the examples of each article, of the field as a whole, and of those from elsewhere."""

    articles: Mapping[str, float]
    field: float
    elsewhere: float


class Examples:
    """Vectors of the examples, one row each, and the article of each row (or ``elsewhere``)."""

    def __init__(self, owners: Sequence[str], vectors: "npt.NDArray[np.float32]") -> None:
        import numpy as np

        names, owner = np.unique(np.array(owners), return_inverse=True)
        order = np.argsort(owner, kind="stable")
        self._names: list[str] = names.tolist()
        self._starts = np.searchsorted(owner[order], np.arange(len(names)))
        self._vectors = vectors[order]

    def near(self, vector: "npt.NDArray[np.float32]") -> Nearness:
        """Compare a question's vector with all examples."""
        import numpy as np

        found = np.maximum.reduceat(self._vectors @ vector, self._starts).tolist()
        best: dict[str, float] = dict(zip(self._names, found, strict=True))
        elsewhere = best.pop(ELSEWHERE, -1.0)
        return Nearness(best, max(best.values(), default=-1.0), elsewhere)


def examples(articles: Iterable[Article]) -> list[tuple[str, str]]:
    """(owner, question) for these articles; one without questions of its own stands in with its title and summary."""
    outside: dict[str, list[str]] = yaml.safe_load(ELSEWHERE_FILE.read_text(encoding="utf-8"))
    found = [(ELSEWHERE, text) for texts in outside.values() for text in texts]
    for article in articles:
        texts = article.meta.get("asked") or [article.meta["title"], article.meta["summary"]]
        found += ((article.id, text) for text in texts)
    return found


def repeated(articles: Iterable[Article]) -> Iterator[Problem]:
    """Example questions that stand in two articles: they would lead to neither."""
    owners: dict[str, Article] = {}
    for article in articles:
        for text in article.meta.get("asked") or ():
            owner = owners.setdefault(" ".join(text.casefold().split()), article)
            if owner.id != article.id:
                yield Problem(article.file, article.line_of("asked"), f"{text!r} is asked in {owner.file} too")
