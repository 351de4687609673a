"""The hash of unacknowledged messages, where its content is unusual."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.frameworks.celery import unacked

from .conftest import Lab, Opener, celery_of


def deliver(
    lab: Lab, tag: str, routing_key: str = "mail", exchange: str = "", age_s: float = 0, **headers: Any
) -> None:
    """One delivery that nobody acknowledged."""
    message = {"body": "", "headers": {"task": "lab.nap", "id": tag, **headers}, "properties": {"delivery_tag": tag}}
    lab.client.hset("unacked", tag, json.dumps([message, exchange, routing_key]))
    lab.client.zadd("unacked_index", {tag: time.time() - age_s})


def at(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_a_time_that_has_come_is_overdue_and_a_time_to_come_is_not(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    deliver(lab, "later", eta=at(600))
    deliver(lab, "due", eta=at(-60))
    deliver(lab, "naive", eta=datetime.now(UTC).replace(tzinfo=None).isoformat())
    found = (await celery_of(opened(lab.url))).facts["unacked"]
    assert (found["total"], found["eta"], found["eta_overdue"]) == (3, 1, 2)


async def test_the_oldest_delivery_and_those_that_belong_to_nobody_are_counted(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    deliver(lab, "old", age_s=500)
    deliver(lab, "new", age_s=5)
    found = (await celery_of(opened(lab.url))).facts["unacked"]
    assert 500 <= found["oldest_delivered_s"] < 560
    assert found["held_by_nobody"] == 2


async def test_a_delivery_is_counted_at_the_queue_it_was_routed_to(lab: Lab, opened: Opener) -> None:
    # Given a queue bound to a topic exchange under a pattern, and one whose exchange has another name
    for member, exchange in (("shop.#\x06\x16\x06\x16orders", "events"), ("m\x06\x16\x06\x16mail", "post")):
        lab.client.sadd(f"_kombu.binding.{exchange}", member)
    deliver(lab, "1", exchange="events", routing_key="shop.order.paid")
    deliver(lab, "2", exchange="post", routing_key="m")
    deliver(lab, "3", exchange="", routing_key="mail")
    records = {r.name: r.in_flight for r in (await celery_of(opened(lab.url))).queues}
    assert records == {"orders": 1, "mail": 2}


async def test_entries_that_are_no_messages_are_said_and_not_fatal(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    for tag, raw in (("a", b"\xff"), ("b", b"[1, 2]"), ("c", b"[null, 1, 2]"), ("d", b"[" * 50_000)):
        lab.client.hset("unacked", tag, raw)
    deliver(lab, "good")
    found = await celery_of(opened(lab.url))
    assert found.facts["unacked"]["read"] == 5
    assert found.queues[0].in_flight == 1
    assert [n.facts["count"] for n in found.notices if n.key == "celery_unacked_unreadable"] == [4]


async def test_beyond_the_cap_the_numbers_of_each_queue_are_unknown(
    lab: Lab, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unacked, "MOST_READ", 20)
    lab.send("mail")
    for number in range(700):
        deliver(lab, str(number))
    found = await celery_of(opened(lab.url))
    (record,) = found.queues
    assert (record.in_flight, record.scheduled, record.retrying) == (None, None, None)
    assert (found.facts["unacked"]["total"], found.facts["unacked"]["read"]) == (700, 20)
    assert {g.field for g in found.gaps if g.text.key == "celery_unacked_capped"} == {
        "in_flight", "scheduled", "retrying",
    }  # fmt: skip


async def test_a_foreign_key_named_unacked_leaves_the_numbers_unknown(lab: Lab, opened: Opener) -> None:
    lab.send("mail")
    lab.client.set("unacked", "mine")
    result = await opened(lab.url).call("inspect_queue", {"target": "main", "queue": "mail"})
    assert result.data is not None
    assert (result.data["ready"], result.data["in_flight"]) == (1, None)
    assert any(u.field == "in_flight" and "WRONGTYPE" in u.reason for u in result.unknown)
