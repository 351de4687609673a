"""Lexical ranking: BM25F over sections, one document a section id with the text of both languages.

A bilingual document needs no translation at query time: a Russian question meets the Russian half, a name such as
``acks_late`` meets either. Every weight is computed when the index is built, so a query only adds up postings.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any

from knowledge.loader import Section
from knowledge.tokens import synonyms, terms

__all__ = ["Lexical", "LexicalResult", "build"]

# Chosen on the tuning questions (formula: Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009). A term
# counts up to 15 times in a document of two languages, its fields and its questions, so it saturates later than usual;
# what a section is called says more than one mention in its text.
_K1 = 6.0
_B = 0.6
_WEIGHTS = {"title": 3.0, "heading": 3.0, "summary": 3.0, "text": 1.0}
_QUESTIONS = 32.0  # weight of all example questions of the section's article together, however many there are
_SYNONYM = 0.4  # a synonym of a word counts for less than the word


@dataclass(frozen=True, slots=True)
class LexicalResult:
    """Scores by document position, and how much of the question stands in one document.

    ``coverage`` is the share of the question's weight (idf; a word that the base does not know weighs most) that the
    best document holds.
    """

    scores: dict[int, float]
    coverage: float


@dataclass(frozen=True, slots=True)
class Lexical:
    """Postings ``term -> [document, weight, document, weight, …]`` with idf already in the weights, and idf by term.

    ``synonyms`` holds the stems that stand for another one; computing them means stemming the whole lexicon.
    """

    documents: int
    postings: Mapping[str, Sequence[float]]
    idf: Mapping[str, float]
    synonyms: Mapping[str, Sequence[str]]

    def query(self, text: str) -> LexicalResult:
        """Rank the documents for a question; ones that share no term are absent."""
        scores: dict[int, float] = {}
        held: dict[int, float] = {}
        unknown_idf = log(1 + self.documents)
        total = 0.0
        for term in dict.fromkeys(terms(text)):
            options = self._options(term)
            weight = max((self.idf[option] * factor for option, factor in options), default=0.0)
            total += weight or unknown_idf
            for document, value in self._best_of(options).items():
                scores[document] = scores.get(document, 0.0) + value
                held[document] = held.get(document, 0.0) + weight
        return LexicalResult(scores, max(held.values(), default=0.0) / total if total else 0.0)

    def _options(self, term: str) -> list[tuple[str, float]]:
        options = [(term, 1.0), *((other, _SYNONYM) for other in self.synonyms.get(term, ()))]
        return [(option, factor) for option, factor in options if option in self.idf]

    def _best_of(self, options: Iterable[tuple[str, float]]) -> dict[int, float]:
        """The best contribution of a word or its synonyms to each document."""
        best: dict[int, float] = {}
        for option, factor in options:
            posting = self.postings[option]
            for document, weight in zip(posting[::2], posting[1::2], strict=True):
                best[int(document)] = max(best.get(int(document), 0.0), weight * factor)
        return best

    def to_json(self) -> dict[str, Any]:
        """A form that ``json`` can write; weights keep three decimals."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Lexical":
        """The inverse of ``to_json``; raises ``TypeError`` when something is missing."""
        return cls(**data)


def build(documents: Sequence[Sequence[Section]], questions: Mapping[str, Sequence[str]]) -> Lexical:
    """Index documents, each the same section in its languages, with the example questions by article id."""
    counts = [_count(sections, questions.get(sections[0].article, ())) for sections in documents]
    average = sum(sum(count.values()) for count in counts) / max(len(counts), 1)
    frequency = Counter(term for count in counts for term in count)
    idf = {term: log(1 + (len(counts) - seen + 0.5) / (seen + 0.5)) for term, seen in frequency.items()}
    postings: dict[str, list[float]] = {}
    for position, count in enumerate(counts):
        norm = _K1 * (1 - _B + _B * sum(count.values()) / average)
        for term, times in count.items():
            postings.setdefault(term, []).extend((position, round(idf[term] * times * (_K1 + 1) / (times + norm), 3)))
    return Lexical(len(counts), postings, {term: round(value, 3) for term, value in idf.items()}, synonyms())


def _count(sections: Sequence[Section], questions: Sequence[str]) -> dict[str, float]:
    """Weighted term frequencies of a document; the fields of every language count alike."""
    counts: dict[str, float] = {}
    weighted = [(getattr(section, name), weight) for section in sections for name, weight in _WEIGHTS.items()]
    for text, weight in [*weighted, *((question, _QUESTIONS / len(questions)) for question in questions)]:
        for term in _terms(text):
            counts[term] = counts.get(term, 0.0) + weight
    return counts


@functools.lru_cache(maxsize=200)
def _terms(text: str) -> tuple[str, ...]:
    """An article's title, summary and questions come again with each of its sections."""
    return tuple(terms(text))
