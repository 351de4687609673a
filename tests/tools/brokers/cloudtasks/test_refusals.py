"""Missing permissions, quotas and faults: the queue stays, and each unknown names what is missing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.tools.brokers.cloudtasks.fake_google import FakeGoogle, Status
from tools.brokers.cloudtasks import BROKER, client
from tools.reading import EvidenceBook
from tools.targets import parse_target


def ending(google: FakeGoogle, call: str, code: grpc.StatusCode, queue: str = "", message: str = "no") -> None:
    def behave(asked: str, request: Any) -> Any:
        if asked == call and request.parent.endswith(queue):
            raise Status(code, message)
        return google.usual(asked, request)

    google.behave = behave


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield int(server.getsockname()[1])


async def test_tasks_that_may_not_be_listed_are_unknown_by_permission(call: Any, google: FakeGoogle) -> None:
    google.queue("mail", tasks=3)
    google.queue("secret", tasks=2)
    ending(google, "v2.ListTasks", grpc.StatusCode.PERMISSION_DENIED, "/secret")
    result = await call(google.url, "inspect_broker")
    assert {q["name"]: q["ready"] for q in result.data["queues"]} == {"mail": 3, "secret": None}
    gap = next(u for u in result.unknown if u.at.queue == "secret" and u.field == "ready")
    assert "cloudtasks.tasks.list" in str(gap.enable)
    assert result.data["coverage"]["complete"] is False


async def test_without_the_full_view_bodies_are_withheld_by_permission(call: Any, google: FakeGoogle) -> None:
    google.queue("mail", tasks=2)
    ending(google, "v2.ListTasks FULL", grpc.StatusCode.PERMISSION_DENIED)
    messages = (await call(google.url, "peek_messages", queue="mail")).data["messages"]
    assert len(messages) == 2
    assert all("cloudtasks.tasks.fullView" in m["summary"] and m["size_bytes"] is None for m in messages)


async def test_no_view_at_all_is_forbidden(call: Any, google: FakeGoogle) -> None:
    google.queue("mail", tasks=2)

    def behave(asked: str, request: Any) -> Any:
        if "ListTasks" in asked:
            raise Status(grpc.StatusCode.PERMISSION_DENIED)
        return google.usual(asked, request)

    google.behave = behave
    result = await call(google.url, "peek_messages", queue="mail")
    assert result.error.code == "forbidden"
    assert "cloudtasks.tasks.list" in result.error.hint


async def test_a_used_up_quota_is_a_fact(google: FakeGoogle) -> None:
    google.queue("mail", tasks=3)
    ending(google, "v2.ListTasks", grpc.StatusCode.RESOURCE_EXHAUSTED, message="Quota exceeded")
    session = await BROKER.open(parse_target("main", google.url, {}))
    reading = await BROKER.read(session, EvidenceBook())
    await session.close()
    assert [(t["call"], t["queue"]) for t in reading.facts["throttled"]] == [("v2.ListTasks", "mail")]
    assert (reading.health, reading.queues[0].ready) == ("degraded", None)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "forbidden"),
        (grpc.StatusCode.UNAUTHENTICATED, "auth_failed"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "unreachable"),
        (grpc.StatusCode.UNAVAILABLE, "unreachable"),
        (grpc.StatusCode.INTERNAL, "unreachable"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "timeout"),
        (grpc.StatusCode.INVALID_ARGUMENT, "unsupported"),
        (grpc.StatusCode.UNKNOWN, "unsupported"),
    ],
)
async def test_a_list_that_fails_is_one_clear_error(call: Any, google: FakeGoogle, status: Any, code: str) -> None:
    ending(google, "v2beta3.ListQueues", status, message="the server's words")
    result = await call(google.url, "inspect_broker")
    assert result.error.code == code
    assert google.seen == ["v2beta3.ListQueues"]


async def test_an_answer_that_is_no_message_is_one_clear_error(call: Any, google: FakeGoogle) -> None:
    google.behave = lambda _call, _request: b"\xff\xff\xff not protobuf"
    result = await call(google.url, "inspect_broker")
    assert result.error.code in {"unreachable", "protocol_mismatch"}


async def test_an_answer_larger_than_we_accept_is_a_mismatch(
    call: Any, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_OPTIONS", (("grpc.max_receive_message_length", 1_000),))
    for n in range(50):
        google.queue(f"queue-{n}")
    result = await call(google.url, "inspect_broker")
    assert result.error.code == "protocol_mismatch"


async def test_a_connection_refused_is_unreachable(call: Any) -> None:
    result = await call("cloudtasks://p/l?endpoint_url=http://127.0.0.1:1", "inspect_broker")
    assert result.error.code == "unreachable"


async def test_a_server_that_never_answers_is_a_timeout(
    call: Any, silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RPC_TIMEOUT_S", 0.3)
    result = await call(f"cloudtasks://p/l?endpoint_url=http://127.0.0.1:{silent}", "inspect_broker")
    assert result.error.code == "timeout"
    assert "ListQueues" in result.error.message


async def test_a_thread_that_hangs_does_not_hang_the_call(
    call: Any, google: FakeGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)
    google.behave = lambda _call, _request: google.release.wait(30)
    result = await call(google.url, "inspect_broker")
    assert result.error.code == "timeout"


async def test_another_server_is_no_cloud_tasks(call: Any) -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(http, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    result = await call(f"cloudtasks://p/l?endpoint_url=http://127.0.0.1:{port}", "inspect_broker")
    server.close()
    assert result.error.code in {"unreachable", "timeout"}


@pytest.mark.parametrize("url", ["cloudtasks://my-project", "cloudtasks:///europe-west1", "cloudtasks://p/l/q"])
async def test_a_url_without_project_and_location_is_told(call: Any, url: str) -> None:
    result = await call(url, "inspect_broker")
    assert result.error.code == "unsupported"
    assert "PROJECT/LOCATION" in result.error.hint


async def test_no_credentials_at_all_is_told(call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    result = await call("cloudtasks://my-project/europe-west1", "inspect_broker")
    assert result.error.code == "auth_failed"


async def test_a_session_makes_no_call_that_changes_something(google: FakeGoogle) -> None:
    session = await BROKER.open(parse_target("main", google.url, {}))
    for call in ("v2.PurgeQueue", "v2.RunTask", "v2.PauseQueue", "v2.DeleteTask"):
        with pytest.raises(ValueError, match=call):
            await session.call(call, name="x")
    await session.close()
    assert google.seen == []
