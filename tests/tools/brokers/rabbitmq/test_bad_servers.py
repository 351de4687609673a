"""Whatever stands at the other end, the answer is one clear error within the time-out, and it shows no password."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.conftest import Handler
from tools.brokers.rabbitmq import client
from tools.config import load_config
from tools.contract import ToolResult
from tools.runner import Runner

PASSWORD = "pw-that-stays-hidden"
Serve = Callable[[Handler], Awaitable[int]]
Inspect = Callable[[int], Awaitable[ToolResult]]
OVERVIEW = {"rabbitmq_version": "4.1.4", "rates_mode": "basic", "object_totals": {"queues": 1, "consumers": 0}}


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    """Inspects the broker whose management API is at a port."""

    async def run(port: int, scheme: str = "http") -> ToolResult:
        file = tmp_path / "q.toml"
        file.write_text(
            f'[targets.main]\nurl = "amqp://app:{PASSWORD}@127.0.0.1:5672"\n'
            f'management_url = "{scheme}://127.0.0.1:{port}"\n'
        )
        runner = Runner(load_config(config_path=file, environ={"QUEUEWRIGHT_HOME": str(tmp_path / "home")}))
        try:
            result = await runner.call("inspect_broker", {"target": "main"})
        finally:
            await runner.close()
        said = json.dumps(result.model_dump())
        assert PASSWORD not in said
        assert "Traceback" not in said
        return result

    return run


def code(result: ToolResult) -> str:
    assert result.error is not None
    assert "main" in result.error.message
    return result.error.code


def answering(answers: dict[str, bytes | tuple[int, bytes]], default: tuple[int, bytes] = (404, b"{}")) -> Handler:
    """An HTTP server that answers by path."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while await reader.readline() not in {b"\r\n", b""}:
                pass
            path = line.split()[1].decode().partition("?")[0]
            found = answers.get(path, default)
            status, body = found if isinstance(found, tuple) else (200, found)
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

    return handle


async def test_a_refused_connection_names_the_place_and_the_plugin(inspect: Inspect) -> None:
    result = await inspect(1)
    assert code(result) == "unreachable"
    assert result.error is not None
    assert "http://127.0.0.1:1" in result.error.message
    assert "rabbitmq_management" in str(result.error.hint)


async def test_a_server_that_never_answers_is_a_timeout_that_names_the_call(
    inspect: Inspect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    result = await inspect(await serve(silent))
    assert code(result) == "timeout"
    assert result.error is not None
    assert "GET /api/overview" in result.error.message


async def test_an_answer_that_drips_for_ever_is_a_timeout(
    inspect: Inspect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(0.01)

    assert code(await inspect(await serve(drip))) == "timeout"


async def test_a_connection_cut_in_the_middle_of_an_answer_is_unreachable(inspect: Inspect, serve: Serve) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"rabbit')
        await writer.drain()
        writer.close()

    assert code(await inspect(await serve(cut))) == "unreachable"


async def test_an_amqp_port_is_told_from_the_management_api(inspect: Inspect, serve: Serve) -> None:
    async def amqp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"AMQP\x00\x00\x09\x01")
        await writer.drain()
        writer.close()

    result = await inspect(await serve(amqp))
    assert code(result) in {"protocol_mismatch", "unreachable"}
    assert result.error is not None
    assert "5672" in str(result.error.hint)


async def test_tls_to_a_plain_server_is_a_mismatch(inspect: Any, serve: Serve) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert code(await inspect(await serve(plain), scheme="https")) == "protocol_mismatch"


async def test_a_redirect_is_not_followed(inspect: Inspect, serve: Serve) -> None:
    followed = asyncio.Event()

    async def trap(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        followed.set()

    port = await serve(trap)

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()

    assert code(await inspect(await serve(redirect))) == "protocol_mismatch"
    assert not followed.is_set()


async def test_an_answer_without_end_is_cut_at_the_cap(
    inspect: Inspect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_BYTES", 10_000)
    port = await serve(answering({"/api/overview": b" " * 1_000_000 + json.dumps(OVERVIEW).encode()}))
    result = await inspect(port)
    assert code(result) == "protocol_mismatch"
    assert result.error is not None
    assert "too long" in result.error.message


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"<html>proxy</html>", "protocol_mismatch"),
        (200, b"[]", "protocol_mismatch"),
        (200, b'{"rabbitmq_version": 3}', "protocol_mismatch"),
        (200, b"\xff\xfe{", "protocol_mismatch"),
        (200, b"[" * 100_000, "protocol_mismatch"),
        (404, b"not here", "protocol_mismatch"),
        (401, b'{"error":"not_authorized","reason":"Login failed"}', "auth_failed"),
        (401, b"", "auth_failed"),
        (401, b'{"error":"x","reason":"User can only log in via localhost"}', "auth_failed"),
        (401, b'{"error":"not_authorised","reason":"Not management user"}', "forbidden"),
        (403, b"", "forbidden"),
        (500, b'{"error":"internal"}', "unreachable"),
        (503, b"starting", "unreachable"),
    ],
)
async def test_each_odd_answer_is_the_error_that_it_means(
    inspect: Inspect, serve: Serve, status: int, body: bytes, expected: str
) -> None:
    port = await serve(answering({"/api/overview": (status, body)}))
    assert code(await inspect(port)) == expected


@pytest.mark.parametrize(
    "queues",
    [
        {"items": [None, 5, [], {"name": 7, "vhost": "/"}, {"name": "a"}], "page_count": 1, "total_count": 5},
        {"items": [{"name": "a", "vhost": "/", "messages_ready": "many", "messages_unacknowledged": -3,
                    "consumers": 1.5, "arguments": [], "message_stats": [], "effective_policy_definition": 0,
                    "members": 3, "head_message_timestamp": True, "backing_queue_status": "x", "type": None}],
         "page_count": "?", "total_count": None},
        {"items": [{"name": "a", "vhost": "/", "arguments": {"x-dead-letter-exchange": 5, "x-max-length": {}}}]},
        [{"name": "a", "vhost": "/"}],
    ],
)  # fmt: skip
async def test_rows_of_unexpected_shape_are_unknown_and_never_0(inspect: Inspect, serve: Serve, queues: Any) -> None:
    answers: dict[str, Any] = {
        "/api/overview": json.dumps(OVERVIEW).encode(),
        "/api/queues": json.dumps(queues).encode(),
    }
    result = await inspect(await serve(answering(answers, (200, b'{"odd": [1]}'))))
    assert result.status == "ok"
    assert result.data is not None
    for row in result.data["queues"]:
        assert [row[field] for field in ("ready", "in_flight", "consumers", "oldest_age_s")] == [None] * 4
    assert result.data["memory"]["used_bytes"] is None
    assert result.data["health"] == "ok" or result.unknown


async def test_what_fails_beside_the_queues_is_a_gap_and_coverage_is_not_complete(
    inspect: Inspect, serve: Serve
) -> None:
    queues = {"items": [{"name": "a", "vhost": "/", "messages_ready": 4}], "page_count": 1, "total_count": 1}
    answers: dict[str, Any] = {
        "/api/overview": json.dumps(OVERVIEW).encode(),
        "/api/queues": json.dumps(queues).encode(),
    }
    result = await inspect(await serve(answering(answers, (500, b'{"error":"boom"}'))))
    assert result.data is not None
    assert [row["ready"] for row in result.data["queues"]] == [4]
    assert not result.data["coverage"]["complete"]
    assert {gap.field for gap in result.unknown} >= {"nodes", "connections", "channels", "vhosts", "policies"}
    assert any("500 boom" in gap.reason for gap in result.unknown)
