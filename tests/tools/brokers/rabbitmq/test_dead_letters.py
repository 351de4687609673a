"""Dead letters are followed from the setting of a queue to the queue that takes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.conftest import Read, gaps, queue


def world(setting: dict[str, Any], **more: Any) -> dict[str, Any]:
    queues = [
        {"name": "mail", "ready": 5, "arguments": setting},
        {"name": "mail.dead", "ready": 7},
        {"name": "other", "ready": 9},
    ]
    return {"queues": queues, **more}


def exchange(kind: str, *bindings: tuple[str, str], name: str = "dlx") -> dict[str, Any]:
    return {"name": name, "type": kind, "bindings": [{"queue": q, "routing_key": key} for q, key in bindings]}


DLX = {"x-dead-letter-exchange": "dlx"}
KEYED = {**DLX, "x-dead-letter-routing-key": "mail.failed"}


@pytest.mark.parametrize(
    ("setting", "exchanges"),
    [
        ({"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mail.dead"}, []),
        (DLX, [exchange("fanout", ("mail.dead", ""))]),
        (DLX, [exchange("direct", ("mail.dead", "anything"))]),
        (KEYED, [exchange("direct", ("mail.dead", "mail.failed"), ("other", "mail"))]),
        (KEYED, [exchange("topic", ("mail.dead", "mail.*"), ("other", "*.*.*"))]),
        (KEYED, [exchange("topic", ("mail.dead", "#.failed"), ("other", "mail.#.x"))]),
        (KEYED, [exchange("topic", ("mail.dead", "mail.failed.#"), ("other", "failed"))]),
    ],
)
async def test_the_one_queue_behind_counts_as_the_dead_ones(read: Read, setting: Any, exchanges: Any) -> None:
    reading = await read(world(setting, exchanges=exchanges))
    assert queue(reading, "mail").dead == 7
    assert queue(reading, "mail").details["dead_letter"]["queue"] == "mail.dead"
    assert "mail" not in gaps(reading, "dead")


@pytest.mark.parametrize(
    ("setting", "exchanges", "reason"),
    [
        ({}, [], "rabbitmq_no_dead_letters"),
        ({"x-dead-letter-exchange": ""}, [], "rabbitmq_dead_any_routing_key"),
        ({"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "gone"}, [], "rabbitmq_dead_unroutable"),
        (DLX, [], "rabbitmq_dead_exchange_missing"),
        (DLX, [exchange("direct")], "rabbitmq_dead_unroutable"),
        (KEYED, [exchange("direct", ("mail.dead", "mail"))], "rabbitmq_dead_unroutable"),
        (DLX, [exchange("direct", ("mail.dead", "a"), ("other", "b"))], "rabbitmq_dead_several"),
        (DLX, [exchange("fanout", ("mail.dead", ""), ("other", ""))], "rabbitmq_dead_several"),
        ({**DLX, "x-dead-letter-routing-key": "k"}, [exchange("fanout", ("mail", ""))], "rabbitmq_dead_uncounted"),
    ],
)
async def test_where_no_one_queue_can_be_told_the_number_is_unknown_with_the_reason(
    read: Read, setting: Any, exchanges: Any, reason: str
) -> None:
    reading = await read(world(setting, exchanges=exchanges))
    assert queue(reading, "mail").dead is None
    assert gaps(reading, "dead")["mail"] == reason


async def test_a_policy_sets_it_and_an_argument_wins(read: Read) -> None:
    policy = {"name": "dead", "pattern": "^mail$", "definition": {"dead-letter-exchange": "elsewhere"}}
    exchanges = [exchange("fanout", ("mail.dead", "")), exchange("fanout", ("other", ""), name="elsewhere")]
    by_policy = await read(world({}, policies=[policy], exchanges=exchanges))
    both = await read(world(DLX, policies=[policy], exchanges=exchanges))
    assert (queue(by_policy, "mail").dead, queue(by_policy, "mail").details["dead_letter"]["by"]) == (9, "policy")
    assert (queue(both, "mail").dead, queue(both, "mail").details["dead_letter"]["by"]) == (7, "argument")


async def test_exchanges_behind_exchanges_are_followed_and_circles_end(read: Read) -> None:
    exchanges = [
        {"name": "dlx", "type": "fanout", "bindings": [{"exchange": "second", "routing_key": ""}]},
        {"name": "second", "type": "direct", "bindings": [
            {"queue": "mail.dead", "routing_key": "mail.failed"}, {"exchange": "dlx", "routing_key": "mail.failed"},
        ]},
    ]  # fmt: skip
    assert queue(await read(world(KEYED, exchanges=exchanges)), "mail").dead == 7


async def test_messages_that_come_back_after_a_while_are_retries_and_not_dead(read: Read) -> None:
    # Given a queue whose rejected messages wait in a second one until they expire back into the first
    queues = [
        {"name": "work", "ready": 1, "arguments": {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "wait"}},
        {"name": "wait", "ready": 4, "arguments": {
            "x-message-ttl": 60_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work"}},
    ]  # fmt: skip
    reading = await read({"queues": queues})
    # Then
    assert (queue(reading, "work").retrying, queue(reading, "work").dead) == (4, None)
    assert (queue(reading, "wait").retrying, queue(reading, "wait").dead) == (None, None)
    assert gaps(reading, "dead") == {"work": "rabbitmq_dead_returns", "wait": "rabbitmq_dead_delays"}


async def test_a_queue_that_delays_messages_does_not_call_the_work_behind_it_dead(read: Read) -> None:
    delay = {"x-message-ttl": 60_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work"}
    queues = [{"name": "delay", "ready": 3, "arguments": delay}, {"name": "work", "ready": 8, "consumers": 1}]
    assert queue(await read({"queues": queues}), "delay").dead is None


async def test_the_same_name_in_another_virtual_host_is_another_queue(read: Read) -> None:
    setting = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    queues = [{"name": "mail", "vhost": "a", "arguments": setting}, {"name": "dead", "vhost": "b", "ready": 3}]
    assert queue(await read({"queues": queues}), "mail").dead is None
