"""Tool results for people: findings as text, everything else as tables and lines, without what is empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agent.surfaces.cli.language import say
from agent.surfaces.cli.output import dim, on_terminal, print_line
from agent.surfaces.cli.tables import Table, print_table

if TYPE_CHECKING:
    from tools.contract import ToolResult

_NOTHING: tuple[object, ...] = (None, "", [], {})
# Rows of evidence below a result; `--json` has all.
MOST_EVIDENCE = 12


def print_markdown(text: str) -> None:
    """Rendered on a terminal, plain when piped."""
    if not on_terminal():
        print_line(text)
        return
    from agent.surfaces.cli.markdown import AnswerMarkdown, console

    console().print(AnswerMarkdown(text), crop=False)


def print_result(result: ToolResult, lang: str) -> None:
    """A tool's envelope."""
    if result.error:
        print_line(result.error.message)
        if result.error.hint:
            print_line(result.error.hint)
    if result.approval:
        print_line(say(lang, "result.approval", id=result.approval.get("id", "")))
    if result.status == "no_data":
        print_line(say(lang, "result.no_data"))
    data = dict(result.data or {})
    _print_findings(data.pop("findings", None), result, lang)
    _print_data(data, lang)
    if result.truncated:
        print_line(say(lang, "result.truncated"))
    _print_unknown(result, lang)
    _print_evidence(result, lang)


def _print_findings(findings: Any, result: ToolResult, lang: str) -> None:
    read = {item.id: item for item in result.evidence}
    for finding in findings or []:
        weight = f"{say(lang, 'severity.' + finding['severity'])} · {say(lang, 'result.' + finding['confidence'])}"
        print_line(f"{finding['cause']} · {finding['subject']} · {weight}")
        print_line(f"  {finding['summary']}")
        for item in (read[ref] for ref in finding["evidence"] if ref in read):
            print_line(dim(f"  [{item.id}] {item.metric} = {cell(item.value, lang)} · {item.source}"))
        for remedy in finding["remedies"]:
            command = f": {remedy['command']}" if remedy.get("command") else ""
            print_line(f"  → {remedy['text']}{command}")
        print_line()


def _print_data(data: Mapping[str, Any], lang: str) -> None:
    """Single values first, a line each; then the lists, a table each."""
    for key, value in data.items():
        if value not in _NOTHING and not _is_rows(value):
            print_line(f"{key}: {cell(value, lang)}")
    for key, value in data.items():
        if _is_rows(value):
            print_line(f"\n{key} ({len(value)})")
            print_table(rows_table(value, lang))


def rows_table(rows: list[dict[str, Any]], lang: str) -> Table:
    """A table of the keys that any row fills, in the order they come. Unknown is `–`, never 0."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if _filled(row.get(key) for row in rows)]
    numeric = frozenset(n for n, key in enumerate(keys) if all(_is_number(row.get(key)) for row in rows))
    return Table(keys, [[cell(row.get(key), lang) for key in keys] for row in rows], numeric)


def cell(value: Any, lang: str) -> str:
    """One value in one line."""
    from tools.texts import number

    if value in _NOTHING:
        return "–"
    if isinstance(value, bool):
        return say(lang, "yes" if value else "no")
    if isinstance(value, (int, float)):
        return number(lang, value)
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_inner(item, lang)}" for key, item in value.items() if item not in _NOTHING)
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(item, lang) for item in value)
    return " ".join(str(value).split())


def _inner(value: Any, lang: str) -> str:
    text = cell(value, lang)
    return f"({text})" if isinstance(value, Mapping) else text


def _print_unknown(result: ToolResult, lang: str) -> None:
    if not result.unknown:
        return
    print_line(f"\n{say(lang, 'result.unknown')}:")
    for item in result.unknown:
        place = "/".join(str(part) for part in item.at.model_dump(exclude_none=True).values())
        enable = f" {item.enable}" if item.enable else ""
        print_line(f"  {item.field} {place}: {item.reason}{enable}")


def _print_evidence(result: ToolResult, lang: str) -> None:
    cited = {ref for finding in (result.data or {}).get("findings") or [] for ref in finding["evidence"]}
    rest = [item for item in result.evidence if item.id not in cited]
    if not rest:
        return
    print_line(f"\n{say(lang, 'result.evidence')} ({len(rest)})")
    shown = [
        {"id": e.id, "metric": e.metric, "subject": e.subject, "value": e.value, "unit": e.unit, "source": e.source}
        for e in rest[:MOST_EVIDENCE]
    ]
    print_table(rows_table(shown, lang))
    if len(rest) > MOST_EVIDENCE:
        print_line(say(lang, "more", count=len(rest) - MOST_EVIDENCE))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _filled(values: Iterable[Any]) -> bool:
    return any(value not in _NOTHING for value in values)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
