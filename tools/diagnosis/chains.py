"""Which finding follows from which, and their order: a cause before its effects, the worst chain first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.contract import At
from tools.diagnosis.draft import Draft
from tools.diagnosis.symptoms import fits

SEVERITIES = ("critical", "high", "medium", "low", "info")

# Effect: the causes that bring it about, where both are in the same place.
FOLLOWS: Mapping[str, frozenset[str]] = {
    "no-consumers": frozenset({"workers-lost"}),
    "backlog-growing": frozenset(
        {"no-consumers", "queue-mismatch", "paused", "consumer-stalled", "workers-lost", "stuck-jobs"}
    ),
    "consumer-stalled": frozenset({"broker-refusing-writes"}),
    "prefetch-hoarding": frozenset({"stuck-jobs"}),
    "unacked-pileup": frozenset({"workers-lost", "stuck-jobs"}),
    "memory-pressure": frozenset({"result-bloat"}),
    "broker-refusing-writes": frozenset({"result-bloat"}),
}  # fmt: skip


def ordered(drafts: Sequence[Draft], symptom: str | None = None) -> tuple[list[Draft], list[list[int]]]:
    """The drafts in the order to tell them, and for each the indexes of those that it follows from.

    Args:
        symptom: what the person sees, in words: of equal severity, findings that fit it come first.
    """
    causes = {i: [j for j, other in enumerate(drafts) if i != j and _follows(d, other)] for i, d in enumerate(drafts)}
    worst = {i: SEVERITIES.index(d.severity) for i, d in enumerate(drafts)}
    for _ in drafts:  # the longest chain is shorter than the list
        for effect, roots in causes.items():
            for root in roots:
                worst[root] = min(worst[root], worst[effect])

    def rank(i: int) -> tuple[object, ...]:
        draft = drafts[i]
        unlike = not (symptom and fits(symptom, draft.cause))
        return worst[i], _depth(i, causes), unlike, draft.confidence != "fact", _size(draft)

    order = sorted(range(len(drafts)), key=rank)
    place = {old: new for new, old in enumerate(order)}
    return [drafts[i] for i in order], [sorted(place[j] for j in causes[i]) for i in order]


def _follows(effect: Draft, cause: Draft) -> bool:
    if cause.cause not in FOLLOWS.get(effect.cause, ()) or not _same_place(effect.at, cause.at):
        return False
    # Messages wait for nobody because workers died only when none is left.
    return (effect.cause, effect.text) != ("no-consumers", "answered") and not _too_small(effect, cause)


def _too_small(effect: Draft, cause: Draft) -> bool:
    return cause.cause == "result-bloat" and not cause.facts.get("fills_memory")


def _same_place(one: At, other: At) -> bool:
    """Same target, and the same queue where both name one."""
    if one.target != other.target:
        return False
    return one.queue is None or other.queue is None or (one.framework, one.queue) == (other.framework, other.queue)


def _depth(i: int, causes: Mapping[int, list[int]]) -> int:
    return 1 + max((_depth(j, causes) for j in causes[i]), default=-1)


def _size(draft: Draft) -> float:
    """Larger queues first."""
    value = draft.facts.get("ready", 0)
    return -float(value) if isinstance(value, (int, float)) else 0.0
