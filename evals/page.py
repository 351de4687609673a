"""The run as one self-contained HTML page: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .3rem .7rem; text-align: left; }
th { border-bottom: 2px solid #888; } td { border-bottom: 1px solid #ddd; } td.n { text-align: right; }
.bad { color: #b00020; } .good { color: #1b6e2c; } code { white-space: pre-wrap; }
"""
_SHOWN = (
    "cases", "passed", "setup_failed", "pass_rate", "right_tool", "right_args", "recall@3", "off_topic", "turns",
    "seconds", "tokens", "cost_usd",
)  # fmt: skip


def page(document: Mapping[str, Any], at: str) -> str:
    """The page.

    Args:
        document: what `eval --json` prints.
        at: when the run was made, as it shall be shown.
    """
    gate = document["gate"]
    verdict = "passed" if gate["passed"] else "failed"
    return "\n".join([
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Queuewright evals</title>',
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Queuewright evals</h1>",
        f"<p>{escape(at)} · model {escape(str(document['model']))} · "
        f'gate <strong class="{"good" if gate["passed"] else "bad"}">{verdict}</strong></p>',
        *(f'<p class="bad">{escape(reason)}</p>' for reason in gate["reasons"]),
        _table(document["suites"]),
        "<h2>Not passed</h2>" if document["failures"] else "<p>Every case passed.</p>",
        *(_failure(failure) for failure in document["failures"]),
        "</body></html>\n",
    ])  # fmt: skip


def _table(suites: Mapping[str, Any]) -> str:
    rows = []
    for suite, found in suites.items():
        for half, figures in found.get("halves", {"": found}).items():
            cells = "".join(f'<td class="n">{_cell(figures.get(name))}</td>' for name in _SHOWN)
            rows.append(f"<tr><td>{escape(suite)}</td><td>{escape(half)}</td>{cells}</tr>")
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in ("suite", "half", *_SHOWN))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _failure(failure: Mapping[str, Any]) -> str:
    name = " ".join(str(failure[key]) for key in ("suite", "half", "id") if failure[key])
    word = " (not set up)" if failure["setup_failed"] else ""
    reasons = "".join(f"<li><code>{escape(reason)}</code></li>" for reason in failure.get("reasons", []))
    return f"<h3>{escape(name)}{word}</h3><ul>{reasons}</ul>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)
