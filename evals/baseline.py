"""The gate: a run passes when it measured something, could measure everything, and stands on its committed floors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.figures import by_half
from evals.run import Outcome

BASELINE = Path(__file__).with_name("baseline.json")
# suite → half (or `all`) → figure → floor
Floors = Mapping[str, Mapping[str, Mapping[str, float]]]


def load_floors(path: Path = BASELINE) -> Floors:
    """The committed floors."""
    floors: Floors = json.loads(path.read_text(encoding="utf-8"))
    return floors


def gate(outcomes: Sequence[Outcome], suites: Sequence[str], floors: Floors) -> list[str]:
    """Why the run fails; empty when it passes. `suites`: those that were asked for."""
    if not outcomes:
        return ["nothing was run: an empty run is a failed run"]
    reasons = []
    if unplayed := [o for o in outcomes if o.setup_failed]:
        reasons.append(f"{len(unplayed)} of {len(outcomes)} cases could not be set up, so nothing is known about them")
    found = by_half(outcomes)
    for suite in suites:
        if not any(name == suite for name, _ in found):
            reasons.append(f"{suite}: no cases")
        for half, figures in floors.get(suite, {}).items():
            for name, floor in figures.items():
                value = found.get((suite, half), {}).get(name)
                if value is None:
                    reasons.append(f"{suite} {half}: {name} was not measured, its floor is {floor}")
                elif value < floor:
                    reasons.append(f"{suite} {half}: {name} is {value}, below its floor {floor}")
    return reasons
