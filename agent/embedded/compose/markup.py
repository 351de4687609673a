"""Markdown from text that others wrote: names and messages stand in code spans, where no link, image or mark works."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

_SPACE = re.compile(r"\s+")
_BACKTICKS = re.compile(r"`+")
_SPAN = re.compile(r"(`[^`]+`)")


def code(value: object, limit: int = 160) -> str:
    """A code span of one line. Backticks inside become apostrophes: not every surface knows longer fences, and a name
    or a message must not be able to end its span."""
    text = _SPACE.sub(" ", str(value)).strip().replace("`", "'")
    return f"`{text[:limit]}…`" if len(text) > limit else f"`{text or ' '}`"


def block(lines: Iterable[str], language: str = "sh") -> str:
    """A fenced block; the fence is longer than any run of backticks inside."""
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(body)), default=0))
    return f"{fence}{language}\n{body}\n{fence}"


def plain(value: object) -> str:
    """A sentence of a tool's catalogue on one line. Its words may quote names from a broker, so links, images and HTML
    in it are taken out of effect; its own code spans stay."""
    text = _SPACE.sub(" ", str(value)).strip().replace("](", "]\u200a(")
    return "".join(part if n % 2 else part.replace("<", "\\<") for n, part in enumerate(_SPAN.split(text)))


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A pipe table; pipes in cells are escaped."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)


def without_empty(
    head: Sequence[str], lines: Sequence[Sequence[str | None]], blank: str
) -> tuple[list[str], list[list[str]]]:
    """Head and lines without the columns that no line fills; None elsewhere becomes `blank`."""
    kept = [n for n in range(len(head)) if any(line[n] is not None for line in lines)]
    filled = [[blank if (cell := line[n]) is None else cell for n in kept] for line in lines]
    return [head[n] for n in kept], filled


def bullets(lines: Iterable[str]) -> str:
    """A list of points."""
    return "\n".join(f"- {line}" for line in lines)


def paragraphs(*parts: str | None) -> str:
    """The parts that are there, an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part and part.strip())


def refs(ids: Iterable[Any]) -> str:
    """Evidence references as a suffix: ` [e1] [e2]`, or nothing."""
    return "".join(f" [{i}]" for i in dict.fromkeys(str(x) for x in ids if x))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
