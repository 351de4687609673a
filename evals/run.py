"""Runs cases and keeps what came of each; a case that could not be put to the test is counted apart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evals.casefiles import Filed
from evals.suites import Played, play
from evals.world import Bench, SetupFailed
from tools.errors import ModelFailed

# At once: an endpoint answers several; the embedded brain shares one interpreter, so more would only distort times.
PARALLEL_REMOTE = 8
PARALLEL_EMBEDDED = 2
# Texts of ModelFailed that say the endpoint was not there to be asked.
_ENDPOINT_ABSENT = {"model_unconfigured", "model_auth", "model_busy"}


@dataclass(frozen=True)
class Attempt:
    """One playing of a case: how it went, or why it could not be played."""

    played: Played | None = None
    setup_error: str | None = None
    failure: str | None = None

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return self.played is not None and self.played.judgement.passed

    @property
    def reasons(self) -> list[str]:
        """Why it did not pass."""
        if self.played is not None:
            return self.played.judgement.reasons
        return [self.setup_error or self.failure or ""]


@dataclass
class Outcome:
    """A case and its attempts."""

    filed: Filed
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def setup_failed(self) -> bool:
        """Whether an attempt could not be made; the case then counts neither as passed nor as failed."""
        return any(a.setup_error is not None for a in self.attempts)

    @property
    def passed(self) -> bool:
        """Whether every attempt passed."""
        return not self.setup_failed and bool(self.attempts) and all(a.passed for a in self.attempts)

    @property
    def reasons(self) -> list[str]:
        """Of all attempts, each once."""
        return list(dict.fromkeys(reason for a in self.attempts if not a.passed for reason in a.reasons))


async def run_cases(
    bench: Bench,
    cases: Sequence[Filed],
    *,
    repeat: int = 1,
    parallel: int = PARALLEL_EMBEDDED,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Outcome]:
    """Plays every case `repeat` times, on a thread of its own each time; outcomes in the order of the cases."""
    room = asyncio.Semaphore(parallel)
    done = 0

    async def one(filed: Filed) -> Outcome:
        nonlocal done
        outcome = Outcome(filed)
        for number in range(repeat):
            async with room:
                outcome.attempts.append(await _attempt(bench, filed, number))
        done += 1
        progress(done)
        return outcome

    return list(await asyncio.gather(*(one(filed) for filed in cases)))


async def _attempt(bench: Bench, filed: Filed, number: int) -> Attempt:
    try:
        return Attempt(await play(bench, filed.case, f"{filed.suite}-{filed.case.id}-{number}"))
    except SetupFailed as error:
        return Attempt(setup_error=str(error))
    except ModelFailed as error:
        if error.text in _ENDPOINT_ABSENT:
            return Attempt(setup_error=f"{error.text}: {error.facts.get('detail', '')}")
        return Attempt(failure=f"{error.text}: {error.facts.get('detail', '')}")
    except Exception as error:  # noqa: BLE001 - whatever an answer dies of, the case has failed and the run goes on
        return Attempt(failure=f"{type(error).__name__}: {error}")
