"""How people ask: example questions for each article, and some from outside the field (``questions.yaml``).

A new question is compared with them: the article whose example is nearest gains, and a question that resembles those
from elsewhere more than those of the field is probably not ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from knowledge.language import LANGUAGES
from knowledge.loader import Article, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ELSEWHERE", "QUESTIONS_FILE", "Examples", "Nearness", "check", "examples", "load"]

QUESTIONS_FILE = Path(__file__).with_name("questions.yaml")
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Nearness:
    """Best cosine similarity to the examples of each article, of the field as a whole, and of those from elsewhere."""

    articles: Mapping[str, float]
    field: float
    elsewhere: float


@dataclass(frozen=True, slots=True)
class Examples:
    """Vectors of the examples, one row each, and the article of each row (or ``elsewhere``)."""

    owners: Sequence[str]
    vectors: "npt.NDArray[np.float32]"

    def near(self, vector: "npt.NDArray[np.float32]") -> Nearness:
        """Compare a question's vector with all examples."""
        best: dict[str, float] = {}
        for owner, cosine in zip(self.owners, (self.vectors @ vector).tolist(), strict=True):
            if cosine > best.get(owner, -1.0):
                best[owner] = cosine
        elsewhere = best.pop(ELSEWHERE, -1.0)
        return Nearness(best, max(best.values(), default=-1.0), elsewhere)


def load(path: Path = QUESTIONS_FILE) -> dict[str, dict[str, list[str]]]:
    """The questions by article id (and ``elsewhere``) and language."""
    data: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def examples(articles: Iterable[Article]) -> list[tuple[str, str]]:
    """(owner, question) for these articles; one without questions of its own stands in with its title and summary."""
    known = load()
    found = [(ELSEWHERE, text) for texts in known[ELSEWHERE].values() for text in texts]
    for article in articles:
        texts = known.get(article.id, {}).get(article.lang) or [article.meta["title"], article.meta["summary"]]
        found += ((article.id, text) for text in texts)
    return found


def check(article_ids: Iterable[str], path: Path = QUESTIONS_FILE) -> list[Problem]:
    """Articles without questions in a language, and questions for articles that do not exist."""
    known, ids = load(path), set(article_ids)
    lines = path.read_text(encoding="utf-8").split("\n")
    problems = [
        Problem(path.name, lines.index(f"{name}:") + 1, f"questions for an unknown article {name}")
        for name in known.keys() - ids - {ELSEWHERE}
    ]
    for name in sorted(ids | {ELSEWHERE}):
        missing = [lang for lang in LANGUAGES if not known.get(name, {}).get(lang)]
        line = lines.index(f"{name}:") + 1 if name in known else 1
        problems += (Problem(path.name, line, f"no questions in {lang} for {name}") for lang in missing)
    return problems
