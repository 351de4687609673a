"""What the conversation itself says: corrections, limits, notices. The tools' sentences stand in `tools.texts`."""

from __future__ import annotations

from tools.texts import Catalogue

AGENT = Catalogue("agent.texts")


def render(lang: str, key: str, /, **facts: object) -> str:
    """The sentence of that key."""
    return AGENT.render(lang, key, **facts)
