"""Where the management API is, with whose credentials, and which virtual host a URL means."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.tools.brokers.rabbitmq.conftest import Handler
from tools.brokers.rabbitmq import BROKER
from tools.brokers.rabbitmq.client import address_of
from tools.brokers.rabbitmq.session import path_of, vhost_of
from tools.errors import TargetError
from tools.registry import Registry
from tools.targets import parse_target


@pytest.mark.parametrize(
    ("url", "management", "base", "credentials"),
    [
        ("amqp://mq", "", "http://mq:15672", ("guest", "guest")),
        ("amqp://ann:p%40ss@mq:5673/shop", "", "http://mq:15672", ("ann", "p@ss")),
        ("amqps://ann:x@mq", "", "https://mq:15671", ("ann", "x")),
        ("amqp://ann:x@[::1]", "", "http://[::1]:15672", ("ann", "x")),
        ("amqp://ann@mq", "", "http://mq:15672", ("ann", "")),
        ("amqp://ann:x@mq", "https://ui.example/rabbit/", "https://ui.example/rabbit", ("ann", "x")),
        ("amqp://ann:x@mq", "http://bob:y%2Fz@ui:80/api", "http://ui:80", ("bob", "y/z")),
    ],
)
def test_the_api_is_beside_the_broker_unless_named(
    url: str, management: str, base: str, credentials: tuple[str, str]
) -> None:
    target = parse_target("main", url, {}, {"management_url": management} if management else {})
    assert address_of(target) == (base, credentials)


@pytest.mark.parametrize(
    ("path", "vhost"),
    [("", None), ("/", None), ("/%2F", "/"), ("//", "/"), ("/shop", "shop"), ("/a%2Fb%20c", "a/b c"), ("/%D1%8F", "я")],
)
def test_the_path_of_the_url_is_the_virtual_host(path: str, vhost: str | None) -> None:
    assert vhost_of(parse_target("main", f"amqp://mq{path}", {})) == vhost


def test_a_name_is_one_segment_whatever_it_holds() -> None:
    assert path_of("queues", "/", "a/b?c#d%2F ё") == "/api/queues/%2F/a%2Fb%3Fc%23d%252F%20%D1%91"


@pytest.mark.parametrize("scheme", ["amqp", "amqps", "rabbitmq+stub"])
def test_the_registry_leads_here(scheme: str) -> None:
    assert Registry().system_of(scheme) == "rabbitmq"


async def test_credentials_travel_in_the_header_alone_and_past_proxies(
    serve: Callable[[Handler], Awaitable[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an environment that would send everything through a proxy
    asked: list[bytes] = []
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    port = await serve(handle)
    options: dict[str, Any] = {"management_url": f"http://bob:s3cr%2Fet@127.0.0.1:{port}"}
    session = await BROKER.open(parse_target("main", "amqp://mq", {}, options))
    # When
    with pytest.raises(TargetError) as caught:
        await BROKER.ping(session)
    await session.close()
    # Then
    line = asked[0].splitlines()[0]
    assert line == b"GET /api/overview?columns=rabbitmq_version HTTP/1.1"
    assert base64.b64encode(b"bob:s3cr/et") in asked[0]
    assert "s3cr" not in str(caught.value)


async def test_only_reading_calls_are_sent() -> None:
    session = await BROKER.open(parse_target("main", "amqp://mq", {}))
    for resource in ("users", "definitions", "shutdown"):
        with pytest.raises(ValueError, match="not a reading call"):
            await session.get(resource)
    await session.close()
