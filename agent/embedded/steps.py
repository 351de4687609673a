"""Which tool calls come next: the plan of the question, minus what this turn has already asked for.

The plan is made from the question alone, so nothing that a tool returns can add a step to it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from agent.embedded.turn import Outcome, Turn

if TYPE_CHECKING:
    from agent.embedded.router import Route

Step = tuple[str, dict[str, Any]]

# A diagnosis reads the samples that a measurement has just written, and a proposal rests on a diagnosis; everything
# else only looks. A step waits for the earlier steps of a lower rank and runs beside those of its own.
_RANK = {"diagnose": 1, "check_alerts": 1, "plan_scale": 2}
_WITHOUT_TARGET = {"list_targets", "search_knowledge"}
# After these the other steps on the same target would only fail in the same way.
_TARGET_IS_GONE = {"unreachable", "auth_failed", "protocol_mismatch", "unknown_target"}
QUEUE_ERRORS = {"unknown_queue", "ambiguous_queue"}


def plan_of(route: Route, turn: Turn) -> list[Step]:
    """The calls that the question asks for; none when something is missing, or no target is there to look at."""
    if route.kind != "tool" or route.missing:
        return []
    steps: list[Step] = [(tool, dict(args)) for tool, args in route.steps]
    if not steps and route.tool:
        steps = [(route.tool, dict(route.args))]
    return [step for step in steps if not turn.target_missing or step[0] in _WITHOUT_TARGET]


def next_steps(turn: Turn, plan: Sequence[Step], *, allowed: Collection[str], parallel: bool = True) -> list[Step]:
    """The calls to make now, in the plan's order; empty when it is time to answer.

    Never more calls in a turn than the plan has steps, never the same call twice.
    """
    if turn.asked >= len(plan) or turn.asked > len(turn.outcomes):
        return []
    done = {_key(o.tool, o.args) for o in turn.outcomes}
    left = [(tool, args) for tool, args in _distinct(plan) if tool in allowed and _key(tool, args) not in done]
    left = [step for step in left if not any(_pointless(step, outcome) for outcome in turn.outcomes)]
    lowest = 0
    wave: list[Step] = []
    for tool, args in left:
        rank = _RANK.get(tool, 0)
        if wave and rank > lowest:
            break
        lowest = max(lowest, rank)
        wave.append((tool, args))
    room = len(plan) - turn.asked if parallel else 1
    return wave[:room]


def _distinct(plan: Sequence[Step]) -> list[Step]:
    return list({_key(tool, args): (tool, args) for tool, args in plan}.values())


def _key(tool: str, args: dict[str, Any]) -> str:
    return f"{tool} {json.dumps(args, sort_keys=True, ensure_ascii=False, default=str)}"


def _pointless(step: Step, outcome: Outcome) -> bool:
    _, args = step
    if outcome.args.get("target") != args.get("target"):
        return False
    if outcome.error_code in _TARGET_IS_GONE:
        return True
    return outcome.error_code in QUEUE_ERRORS and outcome.args.get("queue") == args.get("queue")
