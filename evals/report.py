"""Reports: a table for people, JUnit XML for CI. Texts of held-out cases appear in none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from evals.figures import MARKS, Figures, by_half
from evals.run import Outcome

_HEAD = ("suite", "half", "cases", "passed", "setup failed", "rate", "p50 s", "p95 s", "tokens", "USD")
# Of one case in the list of failures.
_REASONS_SHOWN = 3


def table(outcomes: Sequence[Outcome], gate: Sequence[str]) -> str:
    """Scores with time and cost beside them, then the marks by language and kind, then what failed."""
    groups = by_half(outcomes)
    parts = [_columns([_HEAD, *(_row(suite, half, f) for (suite, half), f in groups.items())])]
    parts += [_marks(suite, half, f) for (suite, half), f in groups.items() if any(m in f for m in MARKS)]
    if repeated := [(key, f["pass^k"]) for key, f in groups.items() if len(f["pass^k"]) > 1]:
        rows = [(" ".join(key), *(f"pass^{k} {v:.3f}" for k, v in powers.items())) for key, powers in repeated]
        parts.append(_columns(rows))
    parts += [text for text in (_failed(outcomes),) if text]
    parts.append("gate: " + ("passed" if not gate else "FAILED\n" + "\n".join(f"  {reason}" for reason in gate)))
    return "\n\n".join(parts)


def junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit XML: a test suite per suite and half; a case that could not be set up is an error, not a failure."""
    root = ElementTree.Element("testsuites", name="queuewright eval")
    suites: dict[str, ElementTree.Element] = {}
    for outcome in outcomes:
        filed = outcome.filed
        name = f"{filed.suite}.{filed.half}" if filed.half else filed.suite
        if name not in suites:
            suites[name] = ElementTree.SubElement(root, "testsuite", name=name, tests="0", failures="0", errors="0")
        suite = suites[name]
        seconds = sum(a.played.seconds for a in outcome.attempts if a.played)
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=filed.case.id, time=f"{seconds:.3f}")
        _count(suite, "tests")
        if not outcome.passed:
            kind, counter = ("error", "errors") if outcome.setup_failed else ("failure", "failures")
            _count(suite, counter)
            message = "held out" if filed.half == "held_out" else _printable("; ".join(outcome.reasons))
            ElementTree.SubElement(case, kind, message=message[:2_000])
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _row(suite: str, half: str, f: Figures) -> tuple[str, ...]:
    seconds = f["seconds"] or {"p50": None, "p95": None}
    numbers = (f["cases"], f["passed"], f["setup_failed"], _share(f["pass_rate"]), seconds["p50"], seconds["p95"])
    return (suite, half, *(_shown(n) for n in (*numbers, f["tokens"], f["cost_usd"])))


def _marks(suite: str, half: str, f: Figures) -> str:
    names = [mark for mark in MARKS if mark in f]
    parts: Iterable[tuple[str, Figures]] = (
        ("all", f), *f["by_lang"].items(), *f.get("by_kind", {}).items()
    )  # fmt: skip
    rows = [(part, str(p["cases"]), *(_share(p.get(name)) for name in names)) for part, p in parts]
    return _columns([(f"{suite} {half}", "cases", *names), *rows])


def _failed(outcomes: Sequence[Outcome]) -> str:
    lines = []
    hidden: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.passed:
            continue
        filed = outcome.filed
        group = f"{'not set up' if outcome.setup_failed else 'failed'}: {filed.suite} {filed.half or ''}".rstrip()
        if filed.half == "held_out":
            hidden.setdefault(group, []).append(filed.case.id)
            continue
        lines += [f"{group} {filed.case.id}", *(f"    {reason}" for reason in outcome.reasons[:_REASONS_SHOWN])]
    return "\n".join([*lines, *(f"{group}: {' '.join(ids)}" for group, ids in hidden.items())])


def _columns(rows: Sequence[Sequence[str]]) -> str:
    most = max(len(row) for row in rows)
    filled = [[*row, *[""] * (most - len(row))] for row in rows]
    widths = [max(len(row[i]) for row in filled) for i in range(most)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in filled)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def _count(element: ElementTree.Element, name: str) -> None:
    element.set(name, str(int(element.get(name, "0")) + 1))


def _printable(text: str) -> str:
    """Without characters that XML 1.0 has no way to write."""
    return "".join(c if c in "\t\n" or ord(c) >= 0x20 else " " for c in text)
