"""Whatever stands at the other end, the answer is one clear error within the time-out."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tools.brokers.redis import client
from tools.config import Config
from tools.contract import ToolResult
from tools.runner import Runner

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Starts servers that misbehave; gives the port of each."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> int:
        async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await handler(reader, writer)

        server = await asyncio.start_server(kept, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for writer in writers:
        writer.transport.abort()
    for server in servers:
        server.close()
        await server.wait_closed()


async def inspect(configured: Callable[..., Config], url: str) -> ToolResult:
    runner = Runner(configured(main=url))
    try:
        return await runner.call("inspect_broker", {"target": "main"})
    finally:
        await runner.close()


def code(result: ToolResult) -> str:
    assert result.error is not None
    assert "main" in result.error.message
    assert "Traceback" not in json.dumps(result.model_dump())
    return result.error.code


async def test_a_server_that_never_answers_is_a_timeout(
    configured: Callable[..., Config], serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CALL_TIMEOUT_S", 0.3)
    port = await serve(_silent)
    assert code(await inspect(configured, f"redis://:pw-hidden@127.0.0.1:{port}/0")) == "timeout"


async def test_a_connection_cut_in_the_middle_of_a_reply_is_unreachable(
    configured: Callable[..., Config], serve: Callable[..., Any]
) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"$1000\r\nabc")
        await writer.drain()
        writer.transport.abort()

    assert code(await inspect(configured, f"redis://127.0.0.1:{await serve(cut)}/0")) == "unreachable"


async def test_an_http_server_is_not_a_redis(configured: Callable[..., Config], serve: Callable[..., Any]) -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert code(await inspect(configured, f"redis://127.0.0.1:{await serve(http)}/0")) == "protocol_mismatch"


@pytest.mark.parametrize("scheme", ["redis", "redis+cluster", "redis+sentinel"])
@pytest.mark.parametrize("reply", [b"+OK\r\n", b":7\r\n", b"*0\r\n", b"$-1\r\n", b"*1\r\n*1\r\n:5\r\n", b"-ERR no\r\n"])
async def test_answers_of_another_shape_are_one_clear_error_or_unknowns(
    configured: Callable[..., Config], serve: Callable[..., Any], reply: bytes, scheme: str
) -> None:
    async def same(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            # one for each command, which begin with their number of words
            writer.write(reply * len(re.findall(rb"\*\d+\r\n\$", data)))
            await writer.drain()

    path = {"redis": "/0", "redis+cluster": "", "redis+sentinel": "/mymaster/0"}[scheme]
    result = await inspect(configured, f"{scheme}://127.0.0.1:{await serve(same)}{path}")
    if result.error is None:
        assert {gap.field for gap in result.unknown} >= {"server", "queues"}
    else:
        assert code(result) in {"protocol_mismatch", "unreachable", "unsupported"}


async def test_tls_to_a_plain_server_times_out_with_a_hint_at_tls(
    configured: Callable[..., Config], valkey_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONNECT_TIMEOUT_S", 0.3)
    result = await inspect(configured, f"rediss://127.0.0.1:{valkey_server.port}/0")
    assert code(result) == "timeout"
    assert result.error is not None
    assert "TLS" in str(result.error.hint)


async def test_plain_to_a_tls_server_is_a_mismatch(
    configured: Callable[..., Config], serve: Callable[..., Any], tmp_path: Path
) -> None:
    port = await serve(_silent, _certificate(tmp_path))
    assert code(await inspect(configured, f"redis://127.0.0.1:{port}/0")) in {"protocol_mismatch", "unreachable"}


async def test_an_unknown_certificate_authority_is_a_mismatch(
    configured: Callable[..., Config], serve: Callable[..., Any], tmp_path: Path
) -> None:
    port = await serve(_silent, _certificate(tmp_path))
    assert code(await inspect(configured, f"rediss://127.0.0.1:{port}/0")) == "protocol_mismatch"


async def test_one_dead_target_does_not_hide_the_others(configured: Callable[..., Config], url: str) -> None:
    runner = Runner(configured(main=url, gone="redis://127.0.0.1:1/0"))
    result = await runner.call("list_targets", {})
    await runner.close()
    assert result.data is not None
    assert {row["name"]: row["reachable"] for row in result.data["targets"]} == {"gone": False, "main": True}


async def _silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def _certificate(folder: Path) -> ssl.SSLContext:
    """A self-signed certificate, made on the spot."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
