"""Whatever stands at the other end, the answer is one clear error within the time-out, without a password."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tools.brokers.kafka import answers, client, failures, fetching, settings
from tools.config import Config
from tools.contract import ToolResult
from tools.runner import Runner

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]
SECRET = "hunter2-of-the-tests"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs that a test can wait for."""
    for module in (answers, client, failures, fetching, settings):
        monkeypatch.setattr(module, "CALL_TIMEOUT_S", 0.6)
    monkeypatch.setattr(failures, "PATIENCE_S", 0.3)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Starts servers that misbehave; gives the port of each."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(handler: Handler, tls: ssl.SSLContext | None = None) -> int:
        async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                await handler(reader, writer)
            except ConnectionError:
                writer.transport.abort()

        server = await asyncio.start_server(kept, "127.0.0.1", 0, ssl=tls)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.transport.abort()


async def inspect(configured: Callable[..., Config], url: str, tool: str = "inspect_broker") -> ToolResult:
    runner = Runner(configured(main=url))
    try:
        return await runner.call(tool, {"target": "main"})
    finally:
        await runner.close()


def code(result: ToolResult) -> str:
    assert result.error is not None
    said = json.dumps(result.model_dump())
    assert "main" in result.error.message
    assert "Traceback" not in said
    assert SECRET not in said
    return result.error.code


async def test_a_refused_connection_is_unreachable(configured: Callable[..., Config]) -> None:
    result = await inspect(configured, f"kafka://ann:{SECRET}@127.0.0.1:1")
    assert code(result) == "unreachable"
    assert result.error is not None
    assert "refused" in result.error.message.lower()


async def test_a_name_that_nobody_knows_is_unreachable(configured: Callable[..., Config]) -> None:
    assert code(await inspect(configured, "kafka://no-such-host.invalid:9092")) == "unreachable"


async def test_a_server_that_never_answers_is_a_timeout(
    configured: Callable[..., Config], serve: Callable[..., Any]
) -> None:
    port = await serve(_silent)
    assert code(await inspect(configured, f"kafka://127.0.0.1:{port}")) == "timeout"


async def test_a_log_in_that_never_ends_is_a_timeout(
    configured: Callable[..., Config], serve: Callable[..., Any]
) -> None:
    port = await serve(_silent)
    assert code(await inspect(configured, f"kafka+ssl://ann:{SECRET}@127.0.0.1:{port}?mechanism=PLAIN")) == "timeout"


async def test_an_http_server_is_not_kafka(configured: Callable[..., Config], serve: Callable[..., Any]) -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert code(await inspect(configured, f"kafka://127.0.0.1:{await serve(http)}")) == "protocol_mismatch"


@pytest.mark.parametrize("answer", [b"\x00\x00\x00\x50abc", b"", b"\x00\x00\x00\x04\x00\x00\x00\x01", os.urandom(300)])
async def test_an_answer_that_is_cut_or_nonsense_is_an_error(
    configured: Callable[..., Config], serve: Callable[..., Any], answer: bytes
) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        await writer.drain()
        writer.transport.abort()

    result = await inspect(configured, f"kafka://127.0.0.1:{await serve(cut)}")
    assert code(result) in {"unreachable", "timeout", "protocol_mismatch"}


async def test_an_unknown_certificate_authority_is_a_mismatch(
    configured: Callable[..., Config], serve: Callable[..., Any], tmp_path: Path
) -> None:
    port = await serve(_silent, _certificate(tmp_path))
    result = await inspect(configured, f"kafka+ssl://127.0.0.1:{port}")
    assert code(result) == "protocol_mismatch"
    assert result.error is not None
    assert "tls_ca" in str(result.error.hint)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (f"kafka://ann:{SECRET}@127.0.0.1:1?mechanism=GSSAPI", "mechanism"),
        (f"kafka://ann:{SECRET}@127.0.0.1:1?mechanisms=PLAIN", "mechanisms"),
    ],
)
async def test_a_log_in_that_is_not_known_is_named(configured: Callable[..., Config], url: str, text: str) -> None:
    result = await inspect(configured, url)
    assert code(result) == "unsupported"
    assert result.error is not None
    assert text in result.error.message


async def test_a_cancelled_call_leaves_nothing_behind_that_hangs(
    configured: Callable[..., Config], serve: Callable[..., Any]
) -> None:
    port = await serve(_silent)
    runner = Runner(configured(main=f"kafka://127.0.0.1:{port}"))
    call = asyncio.create_task(runner.call("inspect_broker", {"target": "main"}))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    await asyncio.wait_for(runner.close(), 5)


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
