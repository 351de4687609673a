"""`paused` rests on one process that was seen consuming: a container's workers all have process id 1."""

from __future__ import annotations

import pytest

from tools.diagnosis.engine import diagnose


def causes(world) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
    return [(f.cause, f.confidence) for f in diagnose([world.facts()], "en").findings]


@pytest.fixture
def in_container(world):  # type: ignore[no-untyped-def]
    """Messages wait in a queue that the only worker, process 1 for two minutes, does not consume."""
    world.queue("mail", 10, basis="answered")
    world.queue("video", 0)
    world.worker("w@a", "video", pid=1, details={"uptime_s": 120})
    return world


def test_the_same_process_stopped_consuming(in_container) -> None:  # type: ignore[no-untyped-def]
    # Given the start differs by what rounding and the way of the answer make of it
    in_container.seen("w@a", 1, started_ago_s=121.5, seen_ago_s=60)
    assert causes(in_container) == [("paused", "fact")]


def test_a_container_that_restarted_with_other_queues_paused_nothing(in_container) -> None:  # type: ignore[no-untyped-def]
    in_container.seen("w@a", 1, started_ago_s=900, seen_ago_s=300)
    assert causes(in_container) == [("no-consumers", "fact")]


def test_what_was_seen_before_the_process_started_was_another_process(in_container) -> None:  # type: ignore[no-untyped-def]
    # Given a container that was seen, died and was replaced within seconds
    in_container.seen("w@a", 1, started_ago_s=123, seen_ago_s=121)
    assert causes(in_container) == [("no-consumers", "fact")]


def test_a_process_of_the_same_name_elsewhere_is_another_one(in_container) -> None:  # type: ignore[no-untyped-def]
    # Given two containers with one node name, seen after both had started
    in_container.seen("w@a", 1, started_ago_s=900, seen_ago_s=60)
    assert causes(in_container) == [("no-consumers", "fact")]


def test_without_an_uptime_nothing_proves_the_same_process(in_container) -> None:  # type: ignore[no-untyped-def]
    in_container.celery.workers[0].details.pop("uptime_s")
    in_container.seen("w@a", 1, started_ago_s=121, seen_ago_s=60)
    assert causes(in_container) == [("no-consumers", "fact")]
