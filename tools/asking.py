"""Asks a service the same for many things, a few at a time, and stops when the connection breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tools.errors import AuthFailed, CallTimeout, TargetError, Unreachable

A = TypeVar("A")
R = TypeVar("R")


class Throttled(Unreachable):
    """The service asks to slow down; the same call works later."""


@dataclass(frozen=True)
class Asking:
    """How one service is asked.

    Attributes:
        at_once: the most calls at a time.
        breaking: errors after which further calls would end the same way; never `Throttled`.
    """

    at_once: int
    breaking: tuple[type[TargetError], ...] = (Unreachable, CallTimeout, AuthFailed)

    async def each(
        self, ask: Callable[[A], Awaitable[R]], asked: Sequence[A], deadline: float | None = None
    ) -> list[R | TargetError | None]:
        """Asks for each of these.

        Args:
            deadline: of `time.monotonic()`, after which no further call begins.

        Returns:
            In the order asked: the answer, the error of this one, or None where it was not asked any more, because time
            was up or the connection had failed.
        """
        found: list[R | TargetError | None] = [None] * len(asked)
        waiting = iter(enumerate(asked))
        broken = False

        async def work() -> None:
            nonlocal broken
            for index, one in waiting:
                if broken or (deadline is not None and time.monotonic() > deadline):
                    return
                try:
                    found[index] = await ask(one)
                except TargetError as error:
                    found[index] = error
                    broken = broken or self._breaks(error)

        await asyncio.gather(*(work() for _ in range(min(self.at_once, len(asked)))))
        return found

    def assert_some(self, answers: Sequence[object]) -> None:
        """Raises the connection's error where it left no answer at all."""
        if any(not isinstance(a, TargetError) for a in answers if a is not None):
            return
        for answer in answers:
            if isinstance(answer, TargetError) and self._breaks(answer):
                raise answer

    def _breaks(self, error: TargetError) -> bool:
        return isinstance(error, self.breaking) and not isinstance(error, Throttled)


def detail_of(error: TargetError) -> str:
    """What the server said, for a gap."""
    return str(error.facts.get("detail") or error.code)
