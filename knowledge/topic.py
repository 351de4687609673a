"""Does the base have anything on a question? A small logistic decision, because no single number can tell.

The best cosine of «Кто написал "Замок"?» is as high as that of a good question, and «очередь в поликлинике» shares our
words. Four signals together separate them: which share of the question's weight the best section holds in words and how
much that is, and how near the field's example questions and those from elsewhere are. None of them depends on a
configured embedder.

``python -m knowledge.topic CACHE CASES.yaml…`` fits the weights again and prints them with a cross-validated accuracy.
"""

import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

__all__ = ["Signals", "is_off_topic"]


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about a question; ``words`` is 0..1, ``weight`` the best BM25 score, the others are cosines."""

    words: float
    weight: float
    asked: float
    elsewhere: float


# Fitted on the tuning questions with the articles of November 2026; order as in Signals.
_WEIGHTS = (5.61, 0.18, 16.95, -16.76)
_BIAS = -7.12


def is_off_topic(signals: Signals) -> bool:
    """Whether an honest answer is that the base holds nothing on this."""
    return _decide(signals, _WEIGHTS, _BIAS) < 0


def _decide(signals: Signals, weights: Sequence[float], bias: float) -> float:
    values: tuple[float, ...] = astuple(signals)
    return sum(weight * value for weight, value in zip(weights, values, strict=True)) + bias


def fit(rows: Sequence[Signals], on_topic: Sequence[bool]) -> tuple[list[float], float]:
    """Logistic regression with an L2 penalty of 1 on standardised signals, by plain gradient descent."""
    import numpy as np

    signals = np.array([astuple(row) for row in rows])
    target = np.array(on_topic, dtype=float)
    mean, spread = signals.mean(axis=0), signals.std(axis=0)
    standard = (signals - mean) / spread
    weights, bias = np.zeros(standard.shape[1]), 0.0
    for _ in range(3000):
        error = 1 / (1 + np.exp(-(standard @ weights + bias))) - target
        weights -= 0.5 * (standard.T @ error + weights) / len(target)
        bias -= 0.5 * float(error.mean())
    raw = weights / spread
    return [float(value) for value in raw], bias - float(raw @ mean)


def _cross_validate(rows: Sequence[Signals], on_topic: Sequence[bool], folds: int = 10) -> float:
    right = 0
    for fold in range(folds):
        held = range(fold, len(rows), folds)
        kept = [n for n in range(len(rows)) if n % folds != fold]
        weights, bias = fit([rows[n] for n in kept], [on_topic[n] for n in kept])
        for n in held:
            right += (_decide(rows[n], weights, bias) > 0) == on_topic[n]
    return right / len(rows)


def _main(cache: str, *files: str) -> None:
    import yaml

    from knowledge.search import Knowledge

    loaded = [case for file in files for case in yaml.safe_load(Path(file).read_text(encoding="utf-8"))["cases"]]
    with Knowledge.open(cache) as base:
        rows = [base.signals(case["ask"]) for case in loaded]
    on_topic = [not case["expect"]["off_topic"] for case in loaded]
    weights, bias = fit(rows, on_topic)
    sys.stdout.write(f"weights {[round(weight, 2) for weight in weights]} bias {bias:.2f}\n")
    sys.stdout.write(f"cross-validated accuracy {_cross_validate(rows, on_topic):.3f} over {len(rows)} questions\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
