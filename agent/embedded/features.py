"""Turns a message into what the intent model compares besides its vector: fragments of wording, and signs.

The vector carries meaning across the two languages, the fragments carry exact wording and survive typos, the signs say
which slots were found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from agent.embedded.slots import Slots
from knowledge.tokens import stem

_WORD = re.compile(r"[^\W_]+(?:[_'’-][^\W_]+)*")
_FRAGMENT = (3, 4)
_LEADING = 3  # the first words of a request say most about its kind
_BLOCKS = {"w": 1.0, "b": 0.8, "f": 0.7, "s": 0.9}  # words, pairs, fragments, first words; chosen by cross-validation


def fragments(masked: str) -> dict[str, float]:
    """Raw counts of lexical features, keyed by a letter for their block and their text."""
    tokens = [token.lower() for token in _WORD.findall(masked)]
    stems = [stem(token) for token in tokens]
    counts: Counter[str] = Counter(f"w:{one}" for one in stems)
    counts.update(f"b:{first} {second}" for first, second in pairwise(stems))
    counts.update(f"s:{position} {one}" for position, one in enumerate(stems[:_LEADING]))
    for token in tokens:
        padded = f"<{token}>"
        for size in _FRAGMENT:
            counts.update(f"f:{padded[at : at + size]}" for at in range(len(padded) - size + 1))
    return {key: count**0.5 * _BLOCKS[key[0]] for key, count in counts.items()}


def signs(slots: Slots) -> list[str]:
    """Which slots the message fills."""
    shown: Iterable[tuple[str, object]] = (
        ("queue", slots.queues),
        ("target", slots.targets),
        ("framework", slots.framework),
        ("system", slots.system),
        ("state", slots.state),
        ("limit", slots.limit is not None),
        ("seconds", slots.seconds is not None),
        ("points", slots.points),
        ("the_queue", slots.the_queue),
        ("everything", slots.everything),
    )
    return [name for name, value in shown if value]


SIGNS = ("queue", "target", "framework", "system", "state", "limit", "seconds", "points", "the_queue", "everything")
