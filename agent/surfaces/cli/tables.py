"""Tables: drawn with rich on a terminal, aligned columns when piped."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.surfaces.cli.output import on_terminal, print_line


@dataclass(frozen=True)
class Table:
    """Cells as text. `numbers`: the columns that are aligned to the right, by position."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = field(default=frozenset())


def print_table(table: Table) -> None:
    """The table on stdout."""
    if on_terminal():
        _draw(table)
    else:
        for line in aligned(table):
            print_line(line)


def aligned(table: Table) -> list[str]:
    """One line a row, columns two spaces apart; the last one is not padded."""
    rows = [table.head, *table.rows]
    widths = [max(_width(row[n]) for row in rows) for n in range(len(table.head))]
    return ["  ".join(_pad(cell, widths[n], n in table.numbers) for n, cell in enumerate(row)).rstrip() for row in rows]


def _pad(text: str, width: int, to_the_right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if to_the_right else text + space


def _width(text: str) -> int:
    """In columns of a terminal: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _draw(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for n, name in enumerate(table.head):
        drawn.add_column(name, justify="right" if n in table.numbers else "left", overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)
