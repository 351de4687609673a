"""Numbers over outcomes: fractions from 0 to 1, halves apart, without the cases that could not be set up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import ceil, comb
from statistics import fmean
from typing import Any

from evals.case import RoutingCase
from evals.run import Outcome

# The key of a suite's cases that lie in no half.
ALL = "all"
# Parts of judgements, in the order in which they are printed.
MARKS = ("right_tool", "right_args", "recall@1", "recall@3", "recall@5", "mrr", "covered", "off_topic", "turns")
Figures = dict[str, Any]


def document(outcomes: Sequence[Outcome], gate: Sequence[str], model: str) -> dict[str, Any]:
    """What `eval --json` prints. A suite with halves has its fractions under `halves` and nowhere merged."""
    return {
        "totals": counts(outcomes),
        "suites": {suite: _suite(found) for suite, found in grouped(outcomes, lambda o: o.filed.suite).items()},
        "failures": [_failure(o) for o in outcomes if not o.passed],
        "gate": {"passed": not gate, "reasons": list(gate)},
        "model": model,
    }


def by_half(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], Figures]:
    """Figures by suite and half."""
    groups = grouped(outcomes, lambda o: (o.filed.suite, o.filed.half or ALL))
    return {key: figures(found) for key, found in groups.items()}


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Of cases that belong together: counts, pass rate, pass^k, marks (also by language and kind), time and cost."""
    found: Figures = {**counts(outcomes), **_rates(outcomes)}
    found["pass^k"] = _pass_power(outcomes)
    found["by_lang"] = _parts(outcomes, lambda o: o.filed.case.lang)
    if kinds := _parts(outcomes, _kind):
        found["by_kind"] = kinds
    return found | _effort(outcomes)


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many there are, passed in every attempt, and could not be put to the test."""
    return {
        "cases": len(outcomes),
        "passed": sum(o.passed for o in outcomes),
        "setup_failed": sum(o.setup_failed for o in outcomes),
    }


def grouped(outcomes: Iterable[Outcome], key: Callable[[Outcome], Any]) -> dict[Any, list[Outcome]]:
    """Outcomes by key, in the order of first appearance; those whose key is None left out."""
    groups: dict[Any, list[Outcome]] = {}
    for outcome in outcomes:
        if (name := key(outcome)) is not None:
            groups.setdefault(name, []).append(outcome)
    return groups


def _suite(outcomes: Sequence[Outcome]) -> Figures:
    halves = grouped(outcomes, lambda o: o.filed.half)
    if not halves:
        return figures(outcomes)
    parts = {half: figures(found) for half, found in halves.items()}
    if rest := [o for o in outcomes if o.filed.half is None]:
        parts[ALL] = figures(rest)
    return counts(outcomes) | {"halves": parts}


def _rates(outcomes: Sequence[Outcome]) -> Figures:
    attempts = [a for o in outcomes if not o.setup_failed for a in o.attempts]
    if not attempts:
        return {"pass_rate": None}
    rates: Figures = {"pass_rate": round(fmean(a.passed for a in attempts), 4)}
    # An attempt that died has no marks: where its kind of case has them, it scores none of them.
    counted = [a.played.judgement.marks if a.played else None for a in attempts]
    names = Counter(name for marks in counted if marks for name in marks)
    for name in (mark for mark in MARKS if mark in names):
        values = [m[name] if m else 0.0 for m in counted if m is None or name in m]
        rates[name] = round(fmean(values), 4)
    return rates


def _pass_power(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """pass^k: how likely k attempts at a case all pass, from n attempts of which c passed: C(c, k) / C(n, k)."""
    played = [o for o in outcomes if not o.setup_failed and o.attempts]
    most = min((len(o.attempts) for o in played), default=0)
    return {
        str(k): round(fmean(comb(sum(a.passed for a in o.attempts), k) / comb(len(o.attempts), k) for o in played), 4)
        for k in range(1, most + 1)
    }


def _parts(outcomes: Sequence[Outcome], key: Callable[[Outcome], Any]) -> dict[str, Figures]:
    return {str(name): counts(found) | _rates(found) for name, found in grouped(outcomes, key).items()}


def _kind(outcome: Outcome) -> str | None:
    case = outcome.filed.case
    return case.expect.kind if isinstance(case, RoutingCase) else None


def _effort(outcomes: Sequence[Outcome]) -> Figures:
    """Seconds of one case (median, 95th percentile), tokens and cost of all; cost None without configured prices."""
    played = [a.played for o in outcomes for a in o.attempts if a.played]
    times = sorted(p.seconds for p in played)
    costs = [p.cost_usd for p in played if p.cost_usd is not None]
    return {
        "seconds": {"p50": _percentile(times, 0.5), "p95": _percentile(times, 0.95)} if times else None,
        "tokens": sum(p.tokens for p in played),
        "cost_usd": round(sum(costs), 4) if costs else None,
    }


def _percentile(ordered: Sequence[float], share: float) -> float:
    return round(ordered[max(ceil(share * len(ordered)) - 1, 0)], 4)


def _failure(outcome: Outcome) -> dict[str, Any]:
    """Of a held-out case only its id, and the kind of error that it died of: whoever reads more could tune to it."""
    filed = outcome.filed
    died = next((a.failure.partition(":")[0] for a in outcome.attempts if a.failure), None)
    known = {
        "suite": filed.suite,
        "half": filed.half,
        "id": filed.case.id,
        "setup_failed": outcome.setup_failed,
        "died": died,
    }
    return known if filed.half == "held_out" else known | {"reasons": outcome.reasons}
