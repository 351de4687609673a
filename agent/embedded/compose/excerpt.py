"""The sentences of a section that answer a question, quoted as they stand.

A section is written to stand alone and opens with its answer, so the first sentence is always quoted; the others earn
their place by sharing words with the question. Sentences are never cut, code blocks are quoted whole, and a left-out
stretch is marked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# About what a person reads on one screen beside a code block.
BUDGET = 900
GAP = "…"

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s")
_ROW = re.compile(r"^\s*\|")
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?<!\b[a-zа-яё]\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+(?=[«\"“(`*A-ZА-ЯЁ0-9])")
_WORD = re.compile(r"\w{4,}")
_STEM = 5


@dataclass(frozen=True)
class Piece:
    """A sentence, a list item, a table or a code block; `glue` joins it to the piece before."""

    text: str
    glue: str
    whole: bool = False


def excerpt(text: str, question: str, budget: int = BUDGET) -> str:
    """The section's own sentences, at most about `budget` characters of prose; everything when it fits."""
    pieces = split(text)
    prose = sum(len(p.text) for p in pieces if not p.whole)
    kept = set(range(len(pieces))) if prose <= budget else _chosen(pieces, question, budget)
    said: list[str] = []
    previous = -1
    for n in sorted(kept):
        glue = pieces[n].glue if said else ""
        if n > previous + 1:
            said.append(f"{glue or chr(10)}{GAP}" if glue.strip(" ") else f" {GAP}")
            glue = glue or " "
        said.append(glue + pieces[n].text)
        previous = n
    if previous + 1 < len(pieces):
        said.append(f" {GAP}")
    return "".join(said).strip()


def split(text: str) -> list[Piece]:
    """The pieces of a Markdown section, in order; their texts are substrings of the section."""
    pieces: list[Piece] = []
    for kind, lines in _runs(text.strip("\n").split("\n")):
        start = "\n\n" if pieces else ""
        if kind in {"code", "table"}:
            pieces.append(Piece("\n".join(lines), start, whole=True))
        elif kind == "list":
            pieces += [Piece(item, start if n == 0 else "\n") for n, item in enumerate(_items(lines))]
        else:
            sentences = _SENTENCE_END.split("\n".join(lines))
            pieces += [Piece(s, start if n == 0 else " ") for n, s in enumerate(sentences)]
    return pieces


def _chosen(pieces: list[Piece], question: str, budget: int) -> set[int]:
    wanted = _stems(question)
    prose = [n for n, p in enumerate(pieces) if not p.whole]
    kept = {prose[0]} if prose else set()
    left = budget - sum(len(pieces[n].text) for n in kept)
    for n in sorted(prose[1:], key=lambda n: (-len(wanted & _stems(pieces[n].text)), n)):
        if len(pieces[n].text) <= left:
            kept.add(n)
            left -= len(pieces[n].text)
    # A code block belongs to the text that introduces it.
    return kept | {n for n, p in enumerate(pieces) if p.whole and (n == 0 or n - 1 in kept)}


def _stems(text: str) -> set[str]:
    return {word[:_STEM].lower() for word in _WORD.findall(text)}


def _runs(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Consecutive lines of one kind: `code`, `table`, `list` or `text`; empty lines separate."""
    runs: list[tuple[str, list[str]]] = []
    fence: str | None = None
    fresh = True
    for line in lines:
        mark = _FENCE.match(line)
        if fence is not None:
            runs[-1][1].append(line)
            fence = None if mark and line.strip().startswith(fence) else fence
            fresh = fence is None
        elif mark:
            fence = mark.group(1)
            runs.append(("code", [line]))
        elif not line.strip():
            fresh = True
        else:
            kind = _kind(line, runs[-1][0] if runs and not fresh else "text")
            if fresh or runs[-1][0] != kind:
                runs.append((kind, []))
            runs[-1][1].append(line)
            fresh = False
    return runs


def _kind(line: str, before: str) -> str:
    if _ITEM.match(line):
        return "list"
    if _ROW.match(line):
        return "table"
    return "list" if before == "list" else "text"


def _items(lines: list[str]) -> list[str]:
    items: list[list[str]] = []
    for line in lines:
        if _ITEM.match(line) or not items:
            items.append([])
        items[-1].append(line)
    return ["\n".join(item) for item in items]
