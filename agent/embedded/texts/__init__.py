"""The sentences of the embedded brain's answers, in both languages; formats as in `tools.texts`."""

from __future__ import annotations

from tools.texts import Catalogue

BRAIN = Catalogue("agent.embedded.texts")


def say(lang: str, key: str, **facts: object) -> str:
    """The sentence of that key. An unknown key is a defect and raises KeyError."""
    return BRAIN.render(lang, key, **facts)


def maybe(lang: str, key: str, /, **facts: object) -> str | None:
    """The sentence, or None where the catalogue has none."""
    return BRAIN.maybe(lang, key, **facts)
