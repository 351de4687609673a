"""Rates come from two samples that are neither too close nor too old."""

from __future__ import annotations

import pytest

from tools.diagnosis.facts import Seen
from tools.diagnosis.history import consumer_samples, consumers_seen, rates_of
from tools.samples import Sample

NOW = 1_000_000.0


def samples(*pairs: tuple[float, float]) -> list[Sample]:
    return [Sample("celery", "mail", "ready", value, NOW - age) for age, value in pairs]


@pytest.mark.parametrize(
    ("taken", "net"),
    [
        ([(60, 100), (0, 400)], 5.0),
        ([(300, 9_000), (58, 100), (0, 390)], 5.0),
        ([(600, 1_000), (0, 400)], -1.0),
        ([(60, 0), (10, 1_000), (0, 900)], -10.0),
    ],
)
def test_a_minute_ago_decides_unless_it_turned_since(world, taken: list[tuple[float, float]], net: float) -> None:  # type: ignore[no-untyped-def]
    rate = rates_of(world.reading, samples(*taken), NOW)["celery", "mail"]
    assert rate.net_per_s == pytest.approx(net)
    assert rate.evidence in world.reading.evidence.items


@pytest.mark.parametrize("taken", [[(0, 100)], [(3, 100), (0, 400)], [(700, 100), (0, 400)], [(400, 1), (300, 9)]])
def test_no_rate_from_samples_that_are_too_few_too_close_or_too_old(world, taken: list[tuple[float, float]]) -> None:  # type: ignore[no-untyped-def]
    assert rates_of(world.reading, samples(*taken), NOW) == {}


def test_a_window_prefers_its_own_ends(world) -> None:  # type: ignore[no-untyped-def]
    rate = rates_of(world.reading, samples((60, 0), (2, 100), (0, 120)), NOW, window_s=2)["celery", "mail"]
    assert rate.net_per_s == pytest.approx(10.0)


def test_moving_from_the_list_into_a_worker_is_no_drain(world) -> None:  # type: ignore[no-untyped-def]
    taken = samples((60, 100), (0, 60))
    taken += [Sample("celery", "mail", "in_flight", v, NOW - age) for age, v in ((60, 0), (0, 40))]
    rate = rates_of(world.reading, taken, NOW)["celery", "mail"]
    assert (rate.net_per_s, rate.ready_last) == (0, 60)


def test_who_consumed_what_survives_the_store(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 0)
    world.worker("w@a", "mail", pid=42, details={"uptime_s": 90})
    seen = consumers_seen(consumer_samples(world.reading, asked_at=NOW - 2, read_at=NOW))
    assert seen == {("celery", "mail"): frozenset({Seen("w@a", 42, started_at=NOW - 90, at=NOW - 2)})}


def test_a_worker_that_tells_no_uptime_is_not_remembered(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 0)
    world.worker("w@a", "mail", pid=42, details={"uptime_s": None})
    assert consumer_samples(world.reading, asked_at=NOW, read_at=NOW) == []
