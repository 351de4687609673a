"""Markdown on a terminal. Loaded only when there is one: rich takes a tenth of a second to import."""

from __future__ import annotations

import sys
from itertools import dropwhile, pairwise
from typing import ClassVar

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.segment import Segment
from rich.text import Text
from rich.theme import Theme

# Wider lines are hard to read.
MOST_COLUMNS = 100


class _LeftHeading(Heading):
    LEVEL_ALIGN = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Commands(CodeBlock):
    """Code as it is: neither wrapped nor padded, so that a command can be selected and pasted."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in str(self.text).rstrip().split("\n"):
            yield Text(f"  {line}", style="cyan", no_wrap=True, overflow="ignore", end="\n")


class AnswerMarkdown(Markdown):
    """Headings on the left, code to paste, and the address of a link in sight: its words may be anybody's."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
        "fence": _Commands,
        "code_block": _Commands,
    }

    def __init__(self, markup: str) -> None:
        super().__init__(markup, hyperlinks=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Without the empty line that rich puts before a list, since blocks are set apart here already."""
        return dropwhile(lambda part: part == Segment.line(), super().__rich_console__(console, options))


def console() -> Console:
    """Of stdout as it is now, at most `MOST_COLUMNS` wide."""
    # The default style of code is a black box, which hurts on a light terminal.
    theme = Theme({"markdown.code": "bold cyan"})
    found = Console(file=sys.stdout, highlight=False, emoji=False, markup=False, theme=theme)
    found.width = min(found.width, MOST_COLUMNS)
    return found


class Blocks:
    """Cuts growing Markdown into blocks: those before the last are finished, nothing that follows changes them."""

    def __init__(self) -> None:
        self.tail = ""
        self._parser = MarkdownIt().enable("strikethrough").enable("table")

    def feed(self, text: str) -> list[str]:
        """Takes more text; the blocks that are finished now."""
        self.tail += text
        if "\n" not in text:
            return []
        starts = [t.map[0] for t in self._parser.parse(self.tail) if t.level == 0 and t.map and t.nesting >= 0]
        if len(starts) < 2:
            return []
        lines = self.tail.splitlines(keepends=True)
        self.tail = "".join(lines[starts[-1] :])
        return ["".join(lines[first:last]).strip("\n") for first, last in pairwise(starts)]

    def finish(self) -> str:
        """The last block; empties the tail."""
        rest, self.tail = self.tail.strip("\n"), ""
        return rest
