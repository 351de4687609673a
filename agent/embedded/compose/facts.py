"""One measured fact in words: the metric's name, the value in its unit, and the reference to its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.embedded.compose.markup import code, plain, refs
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Outcome, mapping

_UNKNOWN_MOST = 8
_REASONS_MOST = 2
# Units that are said although the metric is named: what is measured in them has no noun of its own.
_SAID_UNITS = {"messages", "bytes", "s", "seconds", "percent", "messages/s", "tasks/s", "per_s"}


def value(lang: str, amount: Any, unit: str | None = None) -> str:
    """The value as people read it; None is said to be unknown, text stands in a code span."""
    if amount is None:
        return say(lang, "value.unknown")
    if isinstance(amount, bool):
        return say(lang, "value.yes" if amount else "value.no")
    if not isinstance(amount, (int, float)):
        return code(amount)
    if unit == "bytes":
        return say(lang, "value.bytes", x=amount)
    if unit in {"s", "seconds"}:
        return say(lang, "value.seconds", x=amount)
    return maybe(lang, f"unit.{unit}", x=amount) or say(lang, "value.number", x=amount)


def metric(lang: str, name: str) -> str:
    """The metric in words; an unknown one by its id."""
    if name.startswith("queue.priority."):
        return say(lang, "metric_priority", level=name.rpartition(".")[2])
    return maybe(lang, f"metric.{name}") or code(name)


def fact(lang: str, evidence: dict[str, Any]) -> str:
    """`ready: 10,000 messages [e3]`. A metric's own name already says what is counted, unless it counts messages."""
    name, unit = str(evidence.get("metric")), evidence.get("unit")
    counted = unit not in _SAID_UNITS and maybe(lang, f"metric.{name}")
    shown = value(lang, evidence.get("value"), None if counted else unit)
    return say(lang, "fact", metric=metric(lang, name), value=shown) + refs([evidence.get("id")])


def ids_of(evidence: Iterable[dict[str, Any]], metric_name: str, *subjects: str) -> list[str]:
    """Ids of the entries of a metric about one of the subjects."""
    return [
        str(e["id"])
        for e in evidence
        if e.get("id") and e.get("metric") == metric_name and e.get("subject") in subjects
    ]


def unknown_line(lang: str, outcomes: Iterable[Outcome]) -> str | None:
    """One line on what could not be read: with reasons when it is little, else by name; None when all was read."""
    entries = {str((u.get("field"), u.get("at"))): u for o in outcomes for u in o.unknown}
    if not entries:
        return None
    if len(entries) <= _REASONS_MOST:
        said = [_with_reason(entry) for entry in entries.values()]
    else:
        said = list(dict.fromkeys(code(entry.get("field")) for entry in entries.values()))
    return say(
        lang, "unknown", list="; ".join(said[:_UNKNOWN_MOST]) + (say(lang, "more") if said[_UNKNOWN_MOST:] else "")
    )


def _with_reason(entry: dict[str, Any]) -> str:
    at = mapping(entry.get("at"))
    where = "/".join(str(at[k]) for k in ("target", "queue", "worker") if at.get(k))
    why = "; ".join(plain(entry[k]).rstrip(".") for k in ("reason", "enable") if entry.get(k))
    return code(entry.get("field")) + (f" ({code(where)})" if where else "") + f": {why}"
