"""A figure with its bound, and how a whole process is timed."""

from __future__ import annotations

import resource
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value against its bound. `unit` is `x` for a ratio, `ms` for a time."""

    name: str
    value: float
    bound: float
    unit: str
    detail: str

    @property
    def within(self) -> bool:
        """Whether the bound holds."""
        return self.value <= self.bound

    def line(self) -> str:
        """For the table."""
        mark = "ok  " if self.within else "OVER"
        return f"{mark} {self.name:<42} {self.value:8.2f} {self.unit:<2} (bound {self.bound:g})  {self.detail}"

    def document(self) -> dict[str, object]:
        """For `--json`."""
        return {**self.__dict__, "within": self.within}


def cpu_seconds(command: Sequence[str], env: dict[str, str]) -> float:
    """User and system time of a whole process: steadier than wall time on a shared machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def paired_ratio(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[float, str]:
    """Median of the pairs' ratios, taken in turn, so that a drifting machine cancels out; and both medians in ms."""
    first(), second()
    pairs = [(first(), second()) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    a, b = (statistics.median(p[i] for p in pairs) * 1000 for i in (0, 1))
    return ratio, f"{a:.0f} ms against {b:.0f} ms"
