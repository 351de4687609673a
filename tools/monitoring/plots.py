"""A small plot of queue depth over time, for terminals: plain Unicode blocks, or ASCII where those do not show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*#@"
Point = Sequence[float]


def plot(points: Sequence[Point], *, width: int = 60, height: int = 8, ascii_only: bool = False) -> str:
    """Depth over time as `height` rows of `width` columns with the scale at the left and the time below.

    Args:
        points: `[seconds, depth]`, oldest first; at least one.
        width: columns of the plot itself.
        ascii_only: no character beyond ASCII.

    Raises:
        ValueError: no points, or no room.
    """
    if not points or width < 2 or height < 1:
        raise ValueError("a plot needs points, two columns and one row")
    columns = _columns(points, width)
    top = max(columns)
    label = max(len(_number(top)), 1)
    rows = [_row(columns, top, height, row, ascii_only) for row in range(height - 1, -1, -1)]
    side = "|" if ascii_only else "│"
    corner, line = ("+", "-") if ascii_only else ("└", "─")
    labels = [_number(top), *[""] * (height - 2), *(["0"] if height > 1 else [])]
    body = [f"{text:>{label}} {side}{row}".rstrip() for text, row in zip(labels, rows, strict=True)]
    span = f"{points[-1][0] - points[0][0]:.0f} s"
    return "\n".join([*body, f"{'':>{label}} {corner}{line * width}", f"{'':>{label}}  0{span:>{width - 1}}"])


def sparkline(points: Sequence[Point], *, width: int = 20, ascii_only: bool = False) -> str:
    """Depth over time in one line; empty without points."""
    if not points:
        return ""
    columns = _columns(points, width)
    return _row(columns, max(columns), 1, 0, ascii_only)


def _columns(points: Sequence[Point], width: int) -> list[float]:
    """Depth at `width` evenly spread moments, linear between points."""
    start, end = points[0][0], points[-1][0]
    moments = [start + (end - start) * i / (width - 1) for i in range(width)]
    return [_depth_at(points, moment) for moment in moments]


def _depth_at(points: Sequence[Point], moment: float) -> float:
    for (t0, d0), (t1, d1) in pairwise(points):
        if t0 <= moment <= t1:
            return d0 if t1 == t0 else d0 + (d1 - d0) * (moment - t0) / (t1 - t0)
    return points[-1][1]


def _row(columns: Sequence[float], top: float, height: int, row: int, ascii_only: bool) -> str:
    signs = ASCII if ascii_only else BLOCKS
    steps = len(signs) - 1
    cells = (0 if top <= 0 else round(depth / top * height * steps) - row * steps for depth in columns)
    return "".join(signs[max(0, min(steps, cell))] for cell in cells)


def _number(value: float) -> str:
    return f"{value:.0f}"
