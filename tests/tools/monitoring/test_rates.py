"""Rates follow from the workers' counters only where those belong to one queue and to the same workers."""

from __future__ import annotations

from typing import Any

import pytest

from tools.contract import WorkerRecord
from tools.monitoring.rates import flow_of, trend_of


def worker(total: int, busy: int = 0, reserved: int = 0, **more: Any) -> WorkerRecord:
    details = {"total": {"a": total - total // 2, "b": total // 2}, "reserved": reserved, "scheduled": 0}
    fields: dict[str, Any] = {"id": "w", "pid": 1, "queues": ["mail"], "details": details} | more
    return WorkerRecord(framework="celery", state="idle", busy=busy, **fields)


def test_completions_are_what_was_accepted_and_does_not_run_any_more() -> None:
    flow = flow_of("mail", (100, 80), [worker(10, busy=0, reserved=0)], [worker(31, busy=1, reserved=4)], 10)
    assert flow.completion_per_s == pytest.approx(2.0)
    assert flow.arrival_per_s == pytest.approx((20 + 5 - 20) / 10)


def test_counters_of_several_workers_add_up() -> None:
    before = [worker(0), worker(0, id="v", pid=2)]
    after = [worker(20), worker(30, id="v", pid=2)]
    flow = flow_of("mail", (0, 0), before, after, 10)
    assert (flow.arrival_per_s, flow.completion_per_s) == (5, 5)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ([worker(5, pid=1)], [worker(9, pid=2)], "measure_workers_changed"),
        ([worker(5)], [worker(9), worker(0, id="v")], "measure_workers_changed"),
        ([worker(5, queues=["mail", "video"])], [worker(9, queues=["mail", "video"])], "measure_shared_workers"),
        ([worker(5, details={})], [worker(9)], "measure_no_counters"),
    ],
)
def test_what_cannot_be_attributed_is_unknown_with_its_reason(
    before: list[WorkerRecord], after: list[WorkerRecord], reason: str
) -> None:
    flow = flow_of("mail", (0, 0), before, after, 10)
    assert (flow.arrival_per_s, flow.completion_per_s, flow.reason) == (None, None, reason)


def test_a_worker_of_other_queues_does_not_matter() -> None:
    others = worker(50, id="v", queues=["video"]), worker(70, id="v", queues=["video"])
    flow = flow_of("mail", (0, 0), [worker(0), others[0]], [worker(20), others[1]], 10)
    assert flow.completion_per_s == 2


@pytest.mark.parametrize(
    ("depths", "trend", "drain_s"),
    [
        ([100, 110, 120, 130], "growing", None),
        ([400, 300, 200, 100], "draining", 1.0),
        ([100, 101, 99, 100], "steady", None),
        ([0, 0, 0, 0], "steady", None),
        ([5, 6], "unknown", None),
        ([100_000, 100_100, 100_200, 100_300], "steady", None),
    ],
)
def test_a_direction_takes_more_than_noise(depths: list[float], trend: str, drain_s: float | None) -> None:
    found = trend_of([(float(t), float(d)) for t, d in enumerate(depths)])
    assert found == (trend, pytest.approx(drain_s) if drain_s else None)
