"""Tells a mistyped queue name from another name."""

from __future__ import annotations

import re

from tools.diagnosis.thresholds import NAME_DISTANCE


def similar(one: str, other: str) -> bool:
    """Whether one name looks like the other mistyped: the same letters, or at most two edits apart.

    Names that differ in their digits only are siblings (`jobs-1`, `jobs-2`), and two edits of a name of three letters
    make another word.
    """
    if one == other or _without_digits(one) == _without_digits(other):
        return False
    if sorted(_letters(one)) == sorted(_letters(other)):
        return True
    return distance(one, other) <= min(NAME_DISTANCE, min(len(one), len(other)) // 2)


def distance(one: str, other: str) -> int:
    """Levenshtein distance: insertions, deletions and substitutions of one character."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _without_digits(name: str) -> str:
    return re.sub(r"\d+", "#", name) if re.search(r"\d", name) else name
