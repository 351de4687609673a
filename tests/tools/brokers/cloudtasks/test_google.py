"""What only the real service has: statistics, times, pages; played by a gRPC server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.brokers.cloudtasks.fake_google import FakeGoogle
from tools.brokers.cloudtasks import BROKER, broker
from tools.reading import EvidenceBook
from tools.targets import parse_target


async def read(google: FakeGoogle) -> Any:
    session = await BROKER.open(parse_target("main", google.url, {}))
    try:
        return await BROKER.read(session, EvidenceBook())
    finally:
        await session.close()


async def test_statistics_are_asked_for_and_shown(google: FakeGoogle) -> None:
    stats = {
        "tasks_count": 120, "executed_last_minute_count": 60, "concurrent_dispatches_count": 7,
        "effective_execution_rate": 2.5,
    }  # fmt: skip
    google.queue("mail", stats=stats, rate_limits={"max_dispatches_per_second": 50})
    reading = await read(google)
    (record,) = reading.queues
    assert record.in_flight == 7
    assert {k: record.details["stats"][k] for k in stats} == stats
    assert reading.facts["stats"]["mail"]["effective_execution_rate"] == 2.5


async def test_the_oldest_is_the_due_task_that_waits_longest(google: FakeGoogle) -> None:
    google.queue("mail")
    google.tasks["mail"] = [google.task("mail", n, due_in_s=due) for n, due in enumerate((-10, -900, 3_600))]
    (record,) = (await read(google)).queues
    assert record.oldest_age_s == pytest.approx(900, abs=30)
    assert (record.ready, record.scheduled) == (2, 1)


async def test_attempts_are_facts(google: FakeGoogle) -> None:
    google.queue("mail")
    failed = {"response_time": {"seconds": 1}, "response_status": {"code": 14}}
    google.tasks["mail"] = [
        google.task("mail", 1, due_in_s=300, dispatch_count=4, response_count=4, last_attempt=failed),
        google.task("mail", 2, dispatch_count=1, response_count=0, last_attempt={"dispatch_time": {"seconds": 1}}),
        google.task("mail", 3, due_in_s=300),
    ]
    reading = await read(google)
    (record,) = reading.queues
    assert (record.ready, record.scheduled, record.retrying) == (1, 1, 1)
    assert reading.facts["last_codes"] == {"mail": {"UNAVAILABLE": 1}}
    assert reading.facts["unanswered"] == {"mail": 1}
    assert reading.facts["most_dispatched"] == {"mail": 4}
    assert reading.facts["oldest_created_s"]["mail"] == pytest.approx(600, abs=30)


async def test_more_tasks_than_a_page_are_a_lower_bound_that_says_so(
    call: Any, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "PAGE", 50)
    google.queue("mail", tasks=120)
    result = await call(google.url, "inspect_queue", queue="mail")
    assert result.data["ready"] == 50
    assert result.data["details"]["tasks"]["exact"] is False
    assert result.data["oldest_age_s"] is None
    reason = next(u.reason for u in result.unknown if u.field == "ready")
    assert "120" in reason
    # and a measurement makes no trend of it
    measured = await call(google.url, "measure", queue="mail", seconds=1)
    assert measured.data["queues"][0]["points"] == []


async def test_queues_with_the_most_tasks_are_listed_first(
    call: Any, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "MOST_LISTED", 2)
    for name, tasks in (("small", 1), ("large", 9), ("middle", 5)):
        google.queue(name, tasks=tasks)
    result = await call(google.url, "inspect_broker")
    assert {q["name"]: q["ready"] for q in result.data["queues"]} == {"large": 9, "middle": 5, "small": None}
    assert result.data["coverage"] == {"keys": 3, "scanned": 2, "complete": False}
    assert "cloudtasks_unlisted" in {w["code"] for w in result.data["warnings"]}


async def test_queues_come_by_pages_up_to_a_cap(call: Any, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PAGE", 20)
    monkeypatch.setattr(broker, "MOST_QUEUES", 30)
    for n in range(45):
        google.queue(f"q{n}")
    result = await call(google.url, "inspect_broker")
    assert (result.data["queues_total"], result.data["coverage"]["keys"]) == (30, None)
    assert google.seen.count("v2beta3.ListQueues") == 2


async def test_a_sample_of_many_queues_keeps_within_the_quota(google: FakeGoogle) -> None:
    for n in range(20):
        google.queue(f"q{n}", tasks=n)
    session = await BROKER.open(parse_target("main", google.url, {}))
    reading = await BROKER.read(session, EvidenceBook())
    before = google.seen.count("v2.ListTasks")
    found = await BROKER.depths(session, reading, reading.queues)
    await session.close()
    assert google.seen.count("v2.ListTasks") - before == 5
    assert {found[f"q{n}"] for n in range(15, 20)} == {15, 16, 17, 18, 19}


async def test_a_prefix_chooses_queues(call: Any, google: FakeGoogle) -> None:
    for name in ("mail-in", "mail-out", "pay"):
        google.queue(name)
    result = await call(google.url, "inspect_broker", options={"prefix": '"mail"'})
    assert sorted(q["name"] for q in result.data["queues"]) == ["mail-in", "mail-out"]


async def test_a_peek_pages_until_it_finds_the_state(call: Any, google: FakeGoogle) -> None:
    google.queue("mail", tasks=45)
    google.tasks["mail"].append(google.task("mail", "the-one", due_in_s=3_600))
    result = await call(google.url, "peek_messages", queue="mail", state="scheduled")
    assert [m["id"] for m in result.data["messages"]] == ["the-one"]
    assert google.seen.count("v2.ListTasks FULL") == 3
