"""What a turn had read when it was cut short: findings first, then evidence, as a list that quotes names safely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AnyMessage, ToolMessage

from agent import texts
from tools.untrusted import unwrap

MOST_ROWS = 20


def gathered(lang: str, messages: Sequence[AnyMessage], evidence: Sequence[dict[str, Any]]) -> str:
    """A heading and the rows, or the sentence that nothing had been read.

    Args:
        messages: of the turn; tool messages among them hold the findings.
    """
    rows = [f"- {_quoted(f.get('summary'))}{_refs(f)}" for f in _findings(messages)]
    rows += [
        f"- {_quoted(e['metric'])} {_quoted(e['subject'])}: {_quoted(e['value'])} {e['unit'] or ''} [{e['id']}]"
        for e in evidence
    ]
    if not rows:
        return texts.render(lang, "read_nothing")
    return "\n".join([texts.render(lang, "read_so_far"), "", *rows[:MOST_ROWS]])


def _findings(messages: Sequence[AnyMessage]) -> Iterator[dict[str, Any]]:
    for message in messages:
        if isinstance(message, ToolMessage):
            for _, document in unwrap(str(message.content)):
                data = document.get("data") if isinstance(document, dict) else None
                found = data.get("findings") if isinstance(data, dict) else None
                yield from (f for f in found or [] if isinstance(f, dict) and f.get("summary"))


def _refs(finding: dict[str, Any]) -> str:
    return "".join(f" [{i}]" for i in finding.get("evidence") or [])


def _quoted(value: object) -> str:
    """In a code span, where no link, image or mark works: subjects and summaries hold names that others chose."""
    return f"`{' '.join(str(value).replace('`', chr(39)).split())}`"
