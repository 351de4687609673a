"""A peek through the real SDK over AMQP: it shows, hides nothing, and says plainly where it cannot look."""

from __future__ import annotations

import gzip
import json
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from azure.servicebus.aio import ServiceBusClient

from evals.servers.servicebus_amqp import DoubledMessage, ServiceBusAmqpDouble
from evals.servers.servicebus_double import ServiceBusDouble
from evals.servers.servicebus_keys import KEY, KEY_NAME
from tools.brokers.servicebus import amqp as peeking

Call = Callable[..., Any]
SECRET = "hunter2-of-the-test"


class Boom:
    """Would tell on us if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.fixture
def peek(on: Call, double: ServiceBusDouble, amqp: ServiceBusAmqpDouble) -> Call:
    """`await peek(queue, state, limit)` where queue `orders` and topic `events/audit` stand."""
    double.queue("orders", active=3, scheduled=1, dead=1)
    double.topic("events")
    double.subscription("events", "audit", active=1, dead=1)
    amqp.messages |= {"orders": [], "orders/$DeadLetterQueue": [], "events/Subscriptions/audit": []}

    async def peeked(queue: str = "orders", state: str = "ready", limit: int = 5) -> Any:
        url = f"{double.url}?amqp_url={amqp.url}"
        return await on(url, double.options, "peek_messages", queue=queue, state=state, limit=limit)

    return peeked


async def test_each_state_shows_its_own_messages(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = [
        DoubledMessage(b'{"n": 1}', message_id="m1", subject="mail", delivery_count=2),
        DoubledMessage(b'{"n": 2}', message_id="m2", state="scheduled"),
        DoubledMessage(b'{"n": 3}', message_id="m3", state="deferred"),
        DoubledMessage(b'{"n": 4}', message_id="m4"),
    ]
    dead = DoubledMessage(b"bad", message_id="d1", properties={"DeadLetterReason": "MaxDeliveryCountExceeded"})
    amqp.messages["orders/$DeadLetterQueue"] = [dead]
    ready, scheduled = await peek(), await peek(state="scheduled")
    assert [m["id"] for m in ready.data["messages"]] == ["m1", "m4"]
    assert [m["id"] for m in scheduled.data["messages"]] == ["m2"]
    first = ready.data["messages"][0]
    assert (first["name"], first["size_bytes"], first["enqueued_at"]) == ("mail", 8, "2026-11-24T01:00:00Z")
    assert json.loads(first["summary"])["delivery_count"] == 2
    for queue, state in (("orders", "dead"), ("orders/$DeadLetterQueue", "ready")):
        (found,) = (await peek(queue, state)).data["messages"]
        assert (found["id"], json.loads(found["summary"])["dead_letter_reason"]) == ("d1", "MaxDeliveryCountExceeded")


async def test_it_grants_no_credit_and_only_peeks(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = [DoubledMessage(message_id=f"m{n}") for n in range(9)]
    assert len((await peek(limit=4)).data["messages"]) == 4
    assert amqp.granted == []
    assert {operation for _, operation in amqp.operations} == {"com.microsoft:peek-message"}


async def test_the_double_would_see_a_receive(amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = []
    keyed = f"SharedAccessKeyName={KEY_NAME};SharedAccessKey={KEY};UseDevelopmentEmulator=true"
    client = ServiceBusClient.from_connection_string(f"Endpoint=sb://{amqp.url.removeprefix('amqp://')}/;{keyed}")
    async with client, client.get_queue_receiver("orders") as receiver:
        await receiver.receive_messages(3, max_wait_time=0.1)
    assert amqp.granted == [("orders", 3)]


async def test_a_subscription_is_peeked_under_its_topic(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["events/Subscriptions/audit"] = [DoubledMessage(message_id="s1")]
    assert [m["id"] for m in (await peek("events/audit")).data["messages"]] == ["s1"]


async def test_messages_behind_many_others_are_found_or_it_is_said(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    others = [DoubledMessage(message_id=f"m{n}") for n in range(60)]
    amqp.messages["orders"] = [*others, DoubledMessage(message_id="late", state="scheduled")]
    assert [m["id"] for m in (await peek(state="scheduled", limit=1)).data["messages"]] == ["late"]
    amqp.messages["orders"] = others * 10
    result = await peek(state="scheduled", limit=1)
    assert result.error.code == "unsupported"
    assert "orders" in result.error.message


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (json.dumps({"password": SECRET, "to": "ann@example.org"}).encode(), "***"),
        (f"token={SECRET} plain text".encode(), "plain text"),
        (gzip.compress(json.dumps({"n": 1, "secret": SECRET}).encode(), mtime=0), "gzip"),
        (zlib.compress(b"just text, long enough"), "zlib"),
        (pickle.dumps(Boom()), "pickle"),
        (b"\x82\xa1a\x01\xa1b\x02", "msgpack"),
        (b"\x00\x01\x02\xff" * 50, "binary"),
        (b'{"n": 1, "cut', "cut"),
        (b"", ""),
        (b"\xd0\xb6" * 4_000_000, "… [+"),
    ],
)
async def test_any_body_is_described_and_none_is_opened(
    peek: Call, amqp: ServiceBusAmqpDouble, body: bytes, shown: str
) -> None:
    amqp.messages["orders"] = [DoubledMessage(body, message_id="m1")]
    (found,) = (await peek(limit=1)).data["messages"]
    assert found["size_bytes"] == len(body)
    assert shown in found["summary"]
    assert len(found["summary"]) < 1_000
    assert SECRET not in json.dumps(found)
    assert "ann@example.org" not in json.dumps(found)


async def test_a_body_that_is_an_amqp_value_is_shown_as_json(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = [DoubledMessage(value={"n": 7}, message_id="m1")]
    (found,) = (await peek()).data["messages"]
    assert "7" in json.loads(found["summary"])["body"]


async def test_hostile_properties_are_cut_and_cleaned(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = [DoubledMessage(message_id="i" * 5_000, subject="a\x00\u202eb", session_id="s" * 9_000)]
    (found,) = (await peek()).data["messages"]
    assert (len(found["id"]) < 500, found["name"]) == (True, "ab")
    assert len(found["summary"]) < 2_000


@pytest.mark.parametrize(
    ("queue", "state", "text"),
    [
        ("events", "ready", "subscriptions"),
        ("events/audit", "scheduled", "events"),
        ("orders", "retry", "retry"),
        ("orders", "active", "lock"),
    ],
)
async def test_what_cannot_be_looked_at_is_said(peek: Call, queue: str, state: str, text: str) -> None:
    result = await peek(queue, state)
    assert result.error.code == "unsupported"
    assert text in result.error.message


async def test_a_queue_with_sessions_is_not_locked_to_be_looked_at(
    peek: Call, double: ServiceBusDouble, amqp: ServiceBusAmqpDouble
) -> None:
    double.queue("ordered", active=1, dead=1, settings={"RequiresSession": "true"})
    amqp.messages["ordered/$DeadLetterQueue"] = [DoubledMessage(message_id="d1")]
    assert (await peek("ordered")).error.code == "unsupported"
    assert amqp.operations == []
    assert [m["id"] for m in (await peek("ordered", "dead")).data["messages"]] == ["d1"]


async def test_the_missing_claim_is_named(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.claims = set()
    result = await peek()
    assert result.error.code == "forbidden"
    assert "Listen" in result.error.message


async def test_a_wrong_key_is_refused_there_too(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.key = "another"
    result = await peek()
    assert result.error.code == "auth_failed"
    assert amqp.operations == []


async def test_silence_is_a_timeout(peek: Call, amqp: ServiceBusAmqpDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peeking, "PEEK_TIMEOUT_S", 0.5)
    amqp.silent = True
    assert (await peek()).error.code == "timeout"


async def test_nobody_there_is_unreachable(on: Call, double: ServiceBusDouble) -> None:
    double.queue("orders", active=1)
    url = f"{double.url}?amqp_url=amqp://127.0.0.1:1"
    result = await on(url, double.options, "peek_messages", queue="orders")
    assert result.error.code == "unreachable"


async def test_an_answer_of_another_shape_is_a_mismatch(peek: Call, amqp: ServiceBusAmqpDouble) -> None:
    amqp.messages["orders"] = [DoubledMessage()]
    amqp.broken = True
    assert (await peek()).error.code == "protocol_mismatch"


async def test_without_an_amqp_address_the_management_double_says_so(on: Call, double: ServiceBusDouble) -> None:
    double.queue("orders", active=1)
    result = await on(double.url, double.options, "peek_messages", queue="orders")
    assert result.error.code == "unsupported"
    assert "amqp_url" in result.error.hint
