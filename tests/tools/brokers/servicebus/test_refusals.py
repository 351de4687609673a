"""Whatever stands at the other end: one clear error in time, or what could be read with the rest unknown."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evals.servers.servicebus_atom import ATOM
from evals.servers.servicebus_double import Fault, ServiceBusDouble
from evals.servers.servicebus_keys import KEY_NAME
from tools.brokers.servicebus import client, wire
from tools.contract import ToolResult

Call = Callable[..., Any]
THROTTLED = "SubCode=50004. The request was terminated because the namespace double is being throttled."


def code(result: ToolResult) -> str:
    assert result.error is not None
    assert "bus" in result.error.message
    assert "Traceback" not in json.dumps(result.model_dump())
    return result.error.code


async def test_a_wrong_key_is_refused_and_never_shown(on: Call, double: ServiceBusDouble) -> None:
    url = f"servicebus://{KEY_NAME}:wrong-key-of-mine@double.servicebus.windows.net"
    result = await on(url, double.options, "inspect_broker")
    assert code(result) == "auth_failed"
    assert "InvalidSignature" in result.error.message
    assert "wrong-key-of-mine" not in json.dumps(result.model_dump())


async def test_a_key_that_may_only_listen_is_told_which_claim_is_missing(call: Call, double: ServiceBusDouble) -> None:
    double.claims = {"Listen"}
    result = await call("inspect_broker")
    assert code(result) == "forbidden"
    assert "Manage,EntityRead" in result.error.message


async def test_a_role_without_the_right_is_forbidden_too(call: Call, double: ServiceBusDouble) -> None:
    words = "SubCode=40100: Unauthorized : Unauthorized access for 'GetQueues' operation on endpoint 'sb://double'"
    double.faults.append(Fault(".", 401, words))
    assert code(await call("inspect_broker")) == "forbidden"


@pytest.mark.parametrize(("status", "expected"), [(500, "unreachable"), (403, "forbidden"), (400, "unsupported")])
async def test_other_statuses_have_their_codes(
    call: Call, double: ServiceBusDouble, status: int, expected: str
) -> None:
    double.faults.append(Fault(".", status, "the words of the service"))
    result = await call("inspect_broker")
    assert code(result) == expected
    assert "the words of the service" in result.error.message


async def test_a_redirect_is_not_followed(call: Call, double: ServiceBusDouble) -> None:
    elsewhere = {"Location": f"{double.endpoint}/elsewhere"}
    double.faults.append(Fault("Resources", 307, "moved", headers=elsewhere))
    assert code(await call("inspect_broker")) == "unsupported"
    assert not [path for _, path, _ in double.requests if "elsewhere" in path]


async def test_throttled_as_a_whole_is_a_degraded_reading_and_no_empty_namespace(
    call: Call, double: ServiceBusDouble
) -> None:
    double.queue("orders", active=1)
    double.faults.append(Fault(".", 429, THROTTLED))
    result = await call("inspect_broker")
    assert (result.data["health"], result.data["coverage"]["complete"]) == ("degraded", False)
    assert "servicebus_throttled" in {w["code"] for w in result.data["warnings"]}
    assert {"queues", "topics"} <= {u.field for u in result.unknown}
    reachable = await call("list_targets")
    assert reachable.data["targets"][0]["reachable"] is True


@pytest.mark.parametrize(("status", "words"), [(429, THROTTLED), (503, "ServerBusy: Error code : 50002.")])
async def test_throttled_in_part_keeps_what_was_read(
    call: Call, double: ServiceBusDouble, status: int, words: str
) -> None:
    double.queue("orders", active=7)
    double.topic("events")
    double.subscription("events", "audit")
    double.faults.append(Fault("/subscriptions", status, words))
    result = await call("inspect_broker")
    assert {q["name"]: q["ready"] for q in result.data["queues"]} == {"orders": 7, "events": None}
    assert result.data["coverage"]["complete"] is False
    assert [u.at.queue for u in result.unknown if u.field == "subscriptions"] == ["events"]


async def test_a_failed_page_keeps_the_pages_before_it(call: Call, double: ServiceBusDouble) -> None:
    for number in range(150):
        double.queue(f"q{number:03}", active=1)
    original = double.answer

    def failing(path: str, query: dict[str, list[str]]) -> tuple[int, str]:
        if query.get("$skip") == ["100"]:
            return 500, "<Error><Code>500</Code><Detail>page lost</Detail></Error>"
        return original(path, query)

    double.answer = failing  # type: ignore[method-assign]
    result = await call("inspect_broker")
    assert (result.data["queues_total"], result.data["coverage"]["complete"]) == (100, False)
    assert any("page lost" in u.reason for u in result.unknown)


async def test_a_namespace_of_the_basic_tier_has_no_topics_to_miss(call: Call, double: ServiceBusDouble) -> None:
    double.sku = "Basic"
    double.queue("orders", active=1)
    double.faults.append(Fault("Resources/topics", 400, "not supported in this tier"))
    assert (await call("inspect_broker")).data["coverage"]["complete"] is True


async def test_silence_is_a_timeout(call: Call, double: ServiceBusDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CALL_TIMEOUT_S", 0.4)
    double.faults.append(Fault(".", delay_s=1.5))
    assert code(await call("inspect_broker")) == "timeout"


async def test_a_server_that_accepts_and_never_speaks_tls_is_a_timeout(
    on: Call, silent: str, double: ServiceBusDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CONNECT_TIMEOUT_S", 0.4)
    result = await on(double.url, {"endpoint_url": f"https://{silent}"}, "inspect_broker")
    assert code(result) == "timeout"


async def test_an_answer_that_never_ends_is_a_timeout(
    call: Call, double: ServiceBusDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.5)
    double.faults.append(Fault(".", delay_s=1.5))
    assert code(await call("inspect_broker")) == "timeout"


async def test_a_cut_answer_is_unreachable(call: Call, double: ServiceBusDouble) -> None:
    double.queue("orders", active=1)
    double.faults.append(Fault(".", body=b"<feed>" + b" " * 1_000, cut_at=20))
    assert code(await call("inspect_broker")) == "unreachable"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"<feed", b"\xff\xfe\x00", b"<html><body>proxy login</body></html>", b'{"value": []}',
        f'<feed xmlns="{ATOM}"><entry/></feed>'.encode(),
        f'<feed xmlns="{ATOM}"><entry><title>x</title><content/></entry></feed>'.encode(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["application/atom+xml", "application/json", "text/html"])
async def test_an_answer_of_another_kind_is_a_mismatch(
    call: Call, double: ServiceBusDouble, body: bytes, content_type: str
) -> None:
    double.faults.append(Fault(".", body=body, headers={"Content-Type": content_type}))
    assert code(await call("inspect_broker")) == "protocol_mismatch"


async def test_an_answer_beyond_any_size_is_not_swallowed(
    call: Call, double: ServiceBusDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 50_000)
    double.faults.append(Fault(".", body=b"<feed>" + b" " * 5_000_000))
    assert code(await call("inspect_broker")) == "protocol_mismatch"


async def test_nobody_listening_is_unreachable(on: Call, double: ServiceBusDouble) -> None:
    result = await on(double.url, {"endpoint_url": "https://127.0.0.1:1"}, "inspect_broker")
    assert code(result) == "unreachable"


async def test_a_certificate_that_nobody_vouches_for_is_a_mismatch_with_a_hint(
    on: Call, double: ServiceBusDouble
) -> None:
    result = await on(double.url, {"endpoint_url": double.endpoint}, "inspect_broker")
    assert code(result) == "protocol_mismatch"
    assert "tls_ca" in result.error.hint


async def test_a_certificate_file_that_is_missing_is_unreachable(on: Call, double: ServiceBusDouble) -> None:
    result = await on(double.url, {**double.options, "tls_ca": "/nowhere/ca.pem"}, "inspect_broker")
    assert code(result) in {"unreachable", "protocol_mismatch"}


async def test_a_token_is_never_sent_without_tls(on: Call) -> None:
    with ServiceBusDouble(tls=False) as double:
        namespace = "servicebus://double.servicebus.windows.net"
        assert code(await on(namespace, double.options, "inspect_broker")) == "unsupported"
        assert double.requests == []


async def test_an_emulator_without_tls_is_read_with_its_key(on: Call) -> None:
    with ServiceBusDouble(tls=False) as double:
        double.queue("orders", active=3)
        result = await on(double.url, double.options, "inspect_queue", queue="orders")
    assert result.data["ready"] == 3


async def test_a_key_that_would_add_to_the_connection_string_is_refused(on: Call, double: ServiceBusDouble) -> None:
    url = f"servicebus://{KEY_NAME}:abc%3BEndpoint=sb://elsewhere/@double.servicebus.windows.net"
    url = url.replace("sb://elsewhere/", "sb%3A%2F%2Felsewhere%2F")
    result = await on(url, double.options, "inspect_broker")
    assert code(result) == "auth_failed"
    assert double.requests == []


async def test_a_missing_sdk_names_the_extra(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.servicebus.management", None)
    result = await call("inspect_broker")
    assert result.error.code == "missing_extra"
    assert "queuewright[servicebus]" in result.error.hint


@pytest.fixture
def silent() -> Iterator[str]:
    """A listener whose connections nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
