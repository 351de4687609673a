"""What is read of the emulator is what Google's own client says of it, and nothing is dispatched."""

from __future__ import annotations

import time
from typing import Any

import pytest

from evals.servers.cloudtasks import CloudTasksServer

pytestmark = pytest.mark.live


def create(sdk: Any, server: CloudTasksServer, queue: str, *, paused: bool = True, **fields: Any) -> str:
    name = f"{server.parent}/queues/{queue}"
    sdk.create_queue(parent=server.parent, queue={"name": name, **fields})
    if paused:
        sdk.pause_queue(name=name)
    return name


def add(sdk: Any, parent: str, number: int, body: bytes = b"{}", due_in_s: float | None = None) -> None:
    task: dict[str, Any] = {
        "name": f"{parent}/tasks/t{number}",
        "http_request": {"url": "http://127.0.0.1:1/", "body": body},
    }
    if due_in_s is not None:
        task["schedule_time"] = {"seconds": int(time.time() + due_in_s)}
    sdk.create_task(parent=parent, task=task)


async def test_due_and_future_tasks_are_told_apart(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    mail = create(sdk, emulator, "mail")
    for n in range(5):
        add(sdk, mail, n)
    for n in (5, 6):
        add(sdk, mail, n, due_in_s=3_600)
    result = await call(emulator.url, "inspect_queue", queue="mail")
    assert [result.data[f] for f in ("ready", "scheduled", "retrying")] == [5, 2, 0]
    assert len(list(sdk.list_tasks(parent=mail))) == 7
    assert result.data["details"]["tasks"]["exact"] is True


async def test_a_paused_queue_is_paused(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    create(sdk, emulator, "held")
    create(sdk, emulator, "open", paused=False)
    queues = {q["name"]: q["paused"] for q in (await call(emulator.url, "inspect_broker")).data["queues"]}
    assert queues == {"held": True, "open": False}


async def test_limits_are_those_of_the_queue(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    create(
        sdk, emulator, "mail", rate_limits={"max_dispatches_per_second": 20, "max_concurrent_dispatches": 50},
        retry_config={"max_attempts": 8, "max_retry_duration": {"seconds": 3_600}, "min_backoff": {"seconds": 5}},
    )  # fmt: skip
    details = (await call(emulator.url, "inspect_queue", queue="mail")).data["details"]
    assert details["rate_limits"] == {
        "max_dispatches_per_second": 20, "max_burst_size": None, "max_concurrent_dispatches": 50,
    }  # fmt: skip
    assert [details["retry"][k] for k in ("max_attempts", "max_retry_duration_s", "min_backoff_s")] == [8, 3_600, 5]


async def test_what_it_does_not_have_is_null_with_a_reason(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    add(sdk, create(sdk, emulator, "mail"), 1)
    result = await call(emulator.url, "inspect_queue", queue="mail")
    nulls = {f for f in ("in_flight", "dead", "consumers", "oldest_age_s") if result.data[f] is None}
    assert nulls == {"in_flight", "dead", "consumers", "oldest_age_s"}
    assert nulls <= {u.field for u in result.unknown}


async def test_a_peek_shows_bodies_and_dispatches_nothing(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    mail = create(sdk, emulator, "mail")
    add(sdk, mail, 1, b'{"n": 1, "password": "hunter22"}')
    add(sdk, mail, 2, b"later", due_in_s=3_600)
    ready = (await call(emulator.url, "peek_messages", queue="mail")).data["messages"]
    later = (await call(emulator.url, "peek_messages", queue="mail", state="scheduled")).data["messages"]
    assert [m["id"] for m in ready] == ["t1"]
    assert [m["id"] for m in later] == ["t2"]
    assert '"n": 1' in ready[0]["summary"]
    assert "hunter22" not in ready[0]["summary"]
    assert [t.dispatch_count for t in sdk.list_tasks(parent=mail)] == [0, 0]


async def test_a_task_of_ten_megabytes_is_summarised(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    # the emulator's own limit on a request is 4 MB, so three tasks make an answer of ten
    mail = create(sdk, emulator, "mail")
    for n in range(3):
        add(sdk, mail, n, b"x" * 3_500_000)
    result = await call(emulator.url, "peek_messages", queue="mail")
    assert [m["size_bytes"] for m in result.data["messages"]] == [3_500_000] * 3
    assert all(len(m["summary"]) < 500 for m in result.data["messages"])


async def test_a_measurement_counts_due_tasks(call: Any, emulator: CloudTasksServer, sdk: Any) -> None:
    mail = create(sdk, emulator, "mail")
    for n in range(3):
        add(sdk, mail, n)
    result = await call(emulator.url, "measure", queue="mail", seconds=1)
    (row,) = result.data["queues"]
    assert [ready for _, ready in row["points"]] == [3, 3, 3]
    assert row["completion_per_s"] is None


@pytest.mark.parametrize("state", ["dead"])
async def test_deleted_tasks_cannot_be_seen(call: Any, emulator: CloudTasksServer, sdk: Any, state: str) -> None:
    create(sdk, emulator, "mail")
    result = await call(emulator.url, "peek_messages", queue="mail", state=state)
    assert result.error.code == "unsupported"
