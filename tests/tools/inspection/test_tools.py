"""`inspect_queue`, `inspect_workers` and `peek_messages` on described worlds."""

from __future__ import annotations

from typing import Any

import pytest

from tools.errors import BadArguments

from .conftest import Opener

BUSY: dict[str, Any] = {
    "celery": {
        "queues": {"mail": {"ready": 12_000, "priorities": {3: 7}}, "images": {"ready": 4}},
        "workers": [{"name": "celery@w1", "queues": ["mail"], "active": 4, "reserved": 16}],
    }
}


async def test_a_queue_in_full_carries_its_own_evidence_and_no_other_queues(world: Opener) -> None:
    result = await world(BUSY).call("inspect_queue", {"target": "main", "queue": "mail"})
    assert result.data is not None
    assert (result.data["name"], result.data["ready"], result.data["consumers"]) == ("mail", 12_007, 1)
    assert {e.subject for e in result.evidence} == {"main", "main/mail"}
    assert {"queue.ready", "queue.priority.3", "queue.consumers", "broker.consumer_clients"} <= {
        e.metric for e in result.evidence
    }


async def test_every_null_of_a_record_is_listed_with_its_reason(world: Opener) -> None:
    result = await world(BUSY).call("inspect_queue", {"target": "main", "queue": "mail"}, lang="ru")
    assert result.data is not None
    nulls = {name for name, value in result.data.items() if value is None} - {"namespace"}
    assert nulls <= {u.field for u in result.unknown}
    assert all(u.reason for u in result.unknown)


@pytest.mark.parametrize("tool", ["inspect_queue", "peek_messages"])
async def test_an_unknown_queue_is_an_error_with_the_nearest(world: Opener, tool: str) -> None:
    result = await world(BUSY).call(tool, {"target": "main", "queue": "mial"})
    assert result.error is not None
    assert result.error.code == "unknown_queue"
    assert "mail" in (result.error.hint or "")


async def test_nobody_there_is_an_empty_list_and_a_fact(world: Opener) -> None:
    result = await world({"celery": {"queues": {"mail": {"ready": 1}}}}).call("inspect_workers", {"target": "main"})
    assert (result.status, result.data) == ("ok", {"workers": []})
    assert not [u for u in result.unknown if u.field == "workers"]
    assert {e.metric: e.value for e in result.evidence} == {"broker.consumer_clients": 0, "broker.pubsub_clients": 0}


async def test_workers_that_cannot_be_known_are_null_and_say_why(world: Opener) -> None:
    # Given a consumer that listens to no control command
    document = {"celery": {"queues": {"mail": {"ready": 1}}}, "clients": [{"cmd": "brpop", "flags": "b"}]}
    result = await world(document).call("inspect_workers", {"target": "main"})
    assert result.data == {"workers": None}
    assert [u.field for u in result.unknown] == ["workers"]


async def test_a_target_without_any_framework_has_nobody_to_ask(world: Opener) -> None:
    result = await world({}).call("inspect_workers", {"target": "main"})
    assert (result.status, result.data) == ("no_data", {"workers": []})
    assert [u.field for u in result.unknown] == ["workers"]


async def test_peeking_takes_at_most_the_limit_in_the_order_of_consumption(world: Opener) -> None:
    document = {"celery": {"queues": {"mail": {"ready": 50, "messages": [{"task": "a"}, {"task": "b"}]}}}}
    result = await world(document).call("peek_messages", {"target": "main", "queue": "mail", "limit": 3})
    assert result.data is not None
    assert [m["name"] for m in result.data["messages"]] == ["a", "b", "app.tasks.work"]


async def test_an_empty_queue_has_no_data_to_show(world: Opener) -> None:
    runner = world({"celery": {"queues": {"mail": {}}}})
    result = await runner.call("peek_messages", {"target": "main", "queue": "mail"})
    assert (result.status, result.data) == ("no_data", {"messages": []})


async def test_a_list_of_unknown_layout_is_shown_at_both_ends(world: Opener) -> None:
    document = {"keys": {"log": {"type": "list", "value": [f"line {n}" for n in range(101)]}}}
    result = await world(document).call("peek_messages", {"target": "main", "queue": "log", "limit": 3})
    assert result.data is not None
    assert [(m["id"], m["summary"]) for m in result.data["messages"]] == [
        ("-1", "line 100"), ("0", "line 0"), ("-2", "line 99"),
    ]  # fmt: skip


async def test_a_sorted_set_of_unknown_layout_is_not_shown(world: Opener) -> None:
    document = {"keys": {"board": {"type": "zset", "value": {f"member {n}": n for n in range(101)}}}}
    result = await world(document).call("peek_messages", {"target": "main", "queue": "board"})
    assert result.error is not None
    assert result.error.code == "unsupported"


@pytest.mark.parametrize(
    "arguments", [{"limit": 21}, {"limit": 0}, {"state": "lost"}, {"queue": ""}, {"consume": True}]
)
async def test_arguments_outside_the_schema_are_refused(world: Opener, arguments: dict[str, Any]) -> None:
    with pytest.raises(BadArguments):
        await world(BUSY).call("peek_messages", {"target": "main", "queue": "mail", **arguments})
