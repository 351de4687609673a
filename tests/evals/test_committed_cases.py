"""The committed cases: both languages alike, every world used and every world in order."""

from __future__ import annotations

from collections import Counter

import pytest

from evals.case import ConversationCase, InspectCase, RoutingCase
from evals.casefiles import SUITES, Filed, load_cases
from evals.world import WORLDS_DIR, world_target
from tools.brokers.redis.stub import open_stub
from tools.registry import TOOLS


@pytest.mark.parametrize("suite", SUITES)
def test_both_languages_have_about_as_many_cases(suite: str) -> None:
    halves = Counter((f.half, f.case.lang) for f in load_cases([suite]))

    for half in {half for half, _ in halves}:
        assert abs(halves[half, "en"] - halves[half, "ru"]) <= 0.1 * (halves[half, "en"] + halves[half, "ru"])


def test_every_world_is_used_and_every_used_world_exists() -> None:
    used = {world for f in load_cases(["inspect", "conversation"]) for world in _worlds(f)}

    assert used == {path.stem for path in WORLDS_DIR.glob("*.yaml")}


@pytest.mark.parametrize("world", sorted(path.stem for path in WORLDS_DIR.glob("*.yaml")))
def test_every_world_can_be_opened(world: str) -> None:
    assert open_stub(world_target("main", world)).target.name == "main"


def test_every_fault_has_a_control_that_is_fine() -> None:
    faults = {c.cause for f in load_cases(["inspect"]) for c in _expected(f)}
    controls = [f for f in load_cases(["inspect"]) if any(c.cause == "healthy" for c in _expected(f))]

    assert faults - {"healthy"}
    assert {f.case.lang for f in controls} == {"en", "ru"}


def test_no_request_waits_for_a_tool_that_exists() -> None:
    wanted = {f.case.expect.wanted for f in load_cases(["routing"]) if isinstance(f.case, RoutingCase)}

    assert not wanted & {tool.name for tool in TOOLS}


def _worlds(filed: Filed) -> list[str]:
    case = filed.case
    return list(case.worlds.values()) if isinstance(case, (InspectCase, ConversationCase)) else []


def _expected(filed: Filed) -> list:
    return filed.case.expect.causes if isinstance(filed.case, InspectCase) else []
