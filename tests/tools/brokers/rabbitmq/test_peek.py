"""Looking into messages is off unless allowed, and shows them redacted and short."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.test_paging import Recorded
from tools.brokers.rabbitmq import BROKER
from tools.brokers.rabbitmq.session import RabbitSession
from tools.contract import MessageState, MessageSummary
from tools.errors import UnknownQueue, Unsupported
from tools.reading import EvidenceBook, Peek
from tools.targets import parse_target

URL = "rabbitmq+stub:///world.yaml"


async def peek(
    document: dict[str, Any], queue: str = "mail", state: MessageState = "ready", allowed: bool = True
) -> tuple[list[MessageSummary], list[tuple[str, str, dict[str, str]]]]:
    transport = Recorded(parse_target("main", URL, {}), document)
    session = RabbitSession(parse_target("main", URL, {}, {"peek": allowed}), transport)
    reading = await BROKER.read(session, EvidenceBook())
    transport.calls.clear()
    try:
        return await BROKER.peek(session, reading, Peek(queue, state, 5)), transport.calls
    except Unsupported:
        assert transport.calls == [], "nothing may be asked of the server"
        raise


def refused(**document: Any) -> dict[str, Any]:
    return {"queues": [{"name": "mail", "ready": 3, **document}]}


@pytest.mark.parametrize(
    ("document", "state", "allowed", "reason"),
    [
        (refused(), "ready", False, "rabbitmq_peek_off"),
        (refused(), "active", True, "rabbitmq_peek_state"),
        (refused(), "scheduled", True, "rabbitmq_peek_state"),
        (refused(), "dead", True, "rabbitmq_peek_dead"),
        (refused(type="stream"), "ready", True, "rabbitmq_peek_stream"),
        (refused(type="quorum"), "ready", True, "rabbitmq_peek_limit"),
        (refused(type="quorum", arguments={"x-delivery-limit": 3}), "ready", True, "rabbitmq_peek_limit"),
    ],
)
async def test_what_would_cost_something_is_refused_before_anything_is_sent(
    document: dict[str, Any], state: MessageState, allowed: bool, reason: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        await peek(document, state=state, allowed=allowed)
    assert caught.value.text == reason


async def test_a_quorum_queue_without_a_delivery_limit_can_be_looked_into() -> None:
    messages, _ = await peek(refused(type="quorum", arguments={"x-delivery-limit": -1}))
    assert len(messages) == 3


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_name_that_no_url_can_hold_is_refused(name: str) -> None:
    with pytest.raises(Unsupported) as caught:
        await peek({"queues": [{"name": name, "ready": 1}]}, queue=name)
    assert caught.value.text == "rabbitmq_peek_name"


async def test_messages_are_taken_with_requeue_and_cut_by_the_server() -> None:
    messages, calls = await peek({"queues": [{"name": "mail", "ready": 9}]})
    assert [(method, path) for method, path, _ in calls] == [("POST", "/api/queues/%2F/mail/get")]
    assert [m.summary.split("}")[0] for m in messages] == [f'{{"n": {n}' for n in range(5)]


async def test_dead_looks_into_the_queue_of_the_dead_letters() -> None:
    setting = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "grave"}
    death = {"x-death": [{"queue": "mail", "reason": "rejected", "count": 3}]}
    grave = {"name": "grave", "ready": 1, "messages": [{"body": "gone", "headers": death}]}
    (message,), calls = await peek({"queues": [{"name": "mail", "arguments": setting}, grave]}, state="dead")
    assert calls[0][1] == "/api/queues/%2F/grave/get"
    assert message.state == "dead"
    assert message.summary.startswith("gone ")
    assert '"deaths": [{"queue": "mail", "reason": "rejected", "count": 3}]' in message.summary


async def test_properties_name_the_message() -> None:
    message = {
        "body": "{}", "headers": {"task": "app.mail"},
        "properties": {"message_id": "x1", "timestamp": 1_700_000_000, "content_type": "application/json"},
    }  # fmt: skip
    (found,), _ = await peek({"queues": [{"name": "mail", "ready": 1, "messages": [message]}]})
    assert (found.id, found.name, found.enqueued_at) == ("x1", "app.mail", "2023-11-14T22:13:20+00:00")
    assert "application/json" in found.summary


@pytest.mark.parametrize(
    ("body", "shown", "hidden"),
    [
        (pickle.dumps({"secret": "inside"}), '"format": "pickle"', "inside"),
        (b"\x82\xa3abc\x01\xa3xyz\xc0", '"format": "msgpack"', "abc"),
        (b"\x00\x01\x02\xff\xfe" * 20, '"format": "binary"', "\ufffd"),
        (zlib.compress(json.dumps({"n": 1, "password": "hunter2"}).encode() * 1), "zlib: ", "hunter2"),
        (json.dumps({"card": "4111 1111 1111 1111", "mail": "a@b.example"}).encode(), '"card"', "4111"),
        ("текст с\u202e письмом".encode(), "текст с письмом", "\u202e"),
        (b"x" * 100_000, '"shown_bytes"', "x" * 1_000),
        (b"", "routing_key", "withheld"),
    ],
)
async def test_bodies_of_any_kind_are_shown_short_or_withheld(body: bytes, shown: str, hidden: str) -> None:
    try:
        given = {"body": body.decode()}
    except UnicodeDecodeError:
        given = {"body": base64.b64encode(body).decode(), "base64": True}
    (found,), _ = await peek({"queues": [{"name": "mail", "ready": 1, "messages": [given]}]})
    assert shown in found.summary
    assert hidden not in found.summary
    assert len(found.summary) < 800


async def test_a_queue_that_is_not_in_the_reading_is_unknown() -> None:
    with pytest.raises(UnknownQueue):
        await peek({"queues": [{"name": "mail"}]}, queue="other")
