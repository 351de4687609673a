"""Findings arranged for telling: a cause with what follows from it is one story, equal stories stand together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agent.embedded.turn import sequence

_SEVERITIES = ("critical", "high", "medium", "low", "info")

Finding = dict[str, Any]
Story = list[Finding]


def stories(findings: Sequence[Finding]) -> list[Story]:
    """Findings that are linked by `because`, root cause first; the most severe story first, else in the given order."""
    links = {n: [i for i in sequence(f.get("because")) if _is_index(i, n, findings)] for n, f in enumerate(findings)}
    group = {n: n for n in links}
    for n, reasons in links.items():
        for reason in reasons:
            old, new = group[n], group[reason]
            group = {k: new if g == old else g for k, g in group.items()}
    found: dict[int, list[int]] = {}
    for n in links:
        found.setdefault(group[n], []).append(n)
    told = [[findings[n] for n in sorted(members, key=lambda n: (_depth(n, links), n))] for members in found.values()]
    return sorted(told, key=rank)


def grouped(told: Iterable[Story]) -> list[list[Story]]:
    """Stories of the same causes and severity side by side, for instance one cause on three queues."""
    groups: dict[tuple[object, ...], list[Story]] = {}
    for story in told:
        groups.setdefault((rank(story), *(f.get("cause") for f in story)), []).append(story)
    return list(groups.values())


def rank(story: Story) -> int:
    """0 for a story with something critical in it, up to 4 for one that only informs."""
    return min(_SEVERITIES.index(f["severity"]) if f.get("severity") in _SEVERITIES else 4 for f in story)


def severity(story: Story) -> str:
    """The severity of the worst finding of the story."""
    return _SEVERITIES[rank(story)]


def _is_index(index: object, own: int, findings: Sequence[Finding]) -> bool:
    return isinstance(index, int) and 0 <= index < len(findings) and index != own


def _depth(n: int, links: dict[int, list[int]], seen: frozenset[int] = frozenset()) -> int:
    if n in seen:  # a circle would be a defect of the rules; it must not hang the answer
        return 0
    return max((1 + _depth(reason, links, seen | {n}) for reason in links[n]), default=0)
