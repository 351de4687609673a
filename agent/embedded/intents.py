"""The intent model: kernel ridge regression over the example utterances: a weighted vote of neighbours.

Its kernel adds the likeness of sentence vectors, of wording and of filled slots; `agent.embedded.fitting` solves for
the votes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle
from math import sqrt
from typing import TYPE_CHECKING, Any

from agent.embedded.features import SIGNS, fragments, signs
from agent.embedded.slots import Slots, read_slots
from knowledge.embeddings import Embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

_NAMES = (
    "mail", "billing", "image-resize", "orders.high", "push", "thumbnails", "default", "emails_low", "events",
    "reports",
)  # fmt: skip
_TARGETS = {"main": "redis", "cache": "redis"}


@dataclass(frozen=True)
class Weights:
    """Of the three likenesses, the power that makes that of vectors local, the ridge, and the sharpness of the
    softmax that turns scores into confidence. Chosen on leave-one-out error over the utterances."""

    vector: float = 1.0
    wording: float = 0.5
    signs: float = 0.15
    power: float = 2.0
    ridge: float = 0.15
    sharpness: float = 12.0


@dataclass(frozen=True)
class Example:
    """An utterance: what it wants, in which language, with its slots."""

    intent: str
    lang: str
    slots: Slots


@dataclass(frozen=True)
class Scores:
    """Of one message: confidence in each intent (adding up to 1), best first, and the likeness of "
    "the nearest example."""

    ranked: list[tuple[str, float]]
    nearest: float

    @property
    def best(self) -> str:
        """The winning intent."""
        return self.ranked[0][0]

    def of(self, *intents: str) -> float:
        """Confidence that it is one of these."""
        return sum(share for name, share in self.ranked if name in intents)


class IntentModel:
    """Scores messages. Arrays: `vectors` (n, d) unit rows, `votes` (n, k), `wording` (t, k), `sign_votes` (s, k)."""

    def __init__(
        self, embedder: Embedder, weights: Weights, intents: Sequence[str], vectors: Array, votes: Array,
        terms: Mapping[str, tuple[int, float]], wording: Array, sign_votes: Array, bias: Array,
    ) -> None:  # fmt: skip
        self.intents, self.terms = list(intents), terms
        self._embedder, self._weights = embedder, weights
        self._vectors, self._votes, self._wording, self._sign_votes, self._bias = (
            vectors, votes, wording, sign_votes, bias,
        )  # fmt: skip

    def arrays(self) -> dict[str, Any]:
        """What is kept of it, by parameter name."""
        return {
            "vectors": self._vectors, "votes": self._votes, "wording": self._wording, "sign_votes": self._sign_votes,
            "bias": self._bias,
        }  # fmt: skip

    def score(self, slots: Slots) -> Scores:
        """Scores of one message."""
        import numpy as np

        texts = [slots.masked, slots.unmasked] if slots.unmasked else [slots.masked]

        likeness = self._vectors @ self._embedder.embed(texts).T
        totals = [self._total(text, likeness[:, n], signs(slots) if n == 0 else []) for n, text in enumerate(texts)]
        odds = [np.exp(self._weights.sharpness * (total - total.max())) for total in totals]
        shares = np.mean([one / one.sum() for one in odds], axis=0)
        return Scores([(self.intents[i], float(shares[i])) for i in np.argsort(-shares)], float(likeness.max()))

    def _total(self, text: str, likeness: Array, shown: Sequence[str]) -> Array:
        import numpy as np

        weights = self._weights
        total: Array = kernel_of_vectors(likeness, weights.power) @ self._votes
        total = total * np.float32(weights.vector) + self._bias
        columns, values = weighted(fragments(text), self.terms)
        if columns:
            total = total + weights.wording * (np.asarray(values, dtype=np.float32) @ self._wording[columns])
        if shown:
            chosen = self._sign_votes[[SIGNS.index(name) for name in shown]]
            total = total + weights.signs * chosen.sum(axis=0) / sqrt(len(shown))
        return total


def kernel_of_vectors(likeness: Array, power: float) -> Array:
    """Cosines sharpened, so that near examples count and far ones do not."""
    import numpy as np

    sharpened: Array = np.asarray(np.maximum(likeness, 0.0) ** power, dtype=np.float32)
    return sharpened


def weighted(counts: Mapping[str, float], terms: Mapping[str, tuple[int, float]]) -> tuple[list[int], list[float]]:
    """Columns and values of a wording vector of unit length; terms that no example holds are left out."""
    found = [(terms[term][0], value * terms[term][1]) for term, value in counts.items() if term in terms]
    norm = sqrt(sum(value * value for _, value in found)) or 1.0
    return [column for column, _ in found], [value / norm for _, value in found]


def examples() -> list[Example]:
    """The utterances, with names put into their places."""
    import yaml

    names = cycle(_NAMES)
    found: list[Example] = []
    for _, text in sources():
        loaded = yaml.safe_load(text)
        for entry in loaded if isinstance(loaded, list) else [loaded]:
            for lang in ("en", "ru"):
                for line in entry[lang].splitlines():
                    spoken = line.replace("{q}", next(names)).replace("{t}", "main")
                    found.append(Example(entry["intent"], lang, read_slots(spoken, _TARGETS, [])))
    return found


def sources() -> Iterator[tuple[str, str]]:
    """The utterance files: name and text, in the order of their names."""
    folder = files("agent.embedded") / "utterances"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yaml"):
            yield entry.name, entry.read_text(encoding="utf-8")
