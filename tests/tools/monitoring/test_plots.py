"""The plot shows the shape, fits its box and can do with ASCII."""

from __future__ import annotations

import pytest

from tools.monitoring.plots import plot, sparkline

RISING = [[float(t), 100.0 * t] for t in range(11)]


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_row_fits_the_box(ascii_only: bool) -> None:
    lines = plot(RISING, width=30, height=5, ascii_only=ascii_only).splitlines()
    assert len(lines) == 7
    assert max(map(len, lines)) == len("1000 |") + 30
    assert lines[0].startswith("1000 ")
    assert lines[-1].endswith("10 s")


def test_ascii_stays_ascii() -> None:
    assert plot(RISING, ascii_only=True).isascii()
    assert sparkline(RISING, ascii_only=True).isascii()


def test_a_rising_queue_rises_to_the_right_and_a_falling_one_falls() -> None:
    rising = sparkline(RISING, width=9)
    assert rising == " ▁▂▃▄▅▆▇█"
    assert sparkline([[t, 1000 - d] for t, d in RISING], width=9) == rising[::-1]


def test_an_empty_queue_is_flat() -> None:
    rows = plot([[0.0, 0.0], [5.0, 0.0]], width=10, height=2).splitlines()
    assert not set("".join(rows[:2])) & set("▁▂▃▄▅▆▇█")


def test_one_point_is_a_level() -> None:
    assert sparkline([[0.0, 7.0]], width=4) == "████"


def test_no_points_are_refused() -> None:
    with pytest.raises(ValueError, match="points"):
        plot([])
    assert sparkline([]) == ""


def test_the_top_row_holds_the_peaks_only() -> None:
    rows = plot(RISING, width=12, height=3).splitlines()
    top, bottom = rows[0].partition("│")[2], rows[2].partition("│")[2]
    assert top[:4].strip() == ""
    assert top.endswith("█")
    assert len(bottom.strip()) > len(top.strip())
