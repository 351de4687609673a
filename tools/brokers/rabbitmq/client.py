"""The HTTP client behind a session: httpx, one pool, no redirects, proxies or hidden retries, errors of our tree."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import httpx

from tools.brokers.rabbitmq.session import Reply, call_of
from tools.errors import CallTimeout, ProtocolMismatch, TargetError, Unreachable
from tools.targets import Target

CONNECT_TIMEOUT_S = 3.0
# Of one call. Below the runner's 10 s, so that the error names the exact call.
CALL_TIMEOUT_S = 6.0
# A page of 500 queues with columns is about 300 KB; lists that the server does not page may be longer.
MOST_BYTES = 16_000_000
CALLS_AT_ONCE = 4
# RabbitMQ's own defaults; 15671 is the one for TLS.
_PORTS = {"http": 15672, "https": 15671}


class ManagementClient:
    """Calls of the management API over one bounded pool."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.base, credentials = address_of(target)
        limits = httpx.Limits(max_connections=CALLS_AT_ONCE)
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._http = httpx.AsyncClient(
            auth=httpx.BasicAuth(*credentials),
            verify=_tls(target) if self.base.startswith("https:") else False,
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            limits=limits,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "queuewright"},
            follow_redirects=False,
            # A proxy or a .netrc of the environment must not see the broker's password.
            trust_env=False,
        )

    async def send(self, method: str, path: str, query: Mapping[str, str], document: object = None) -> Reply:
        """One call.

        Raises:
            TargetError: what concerns the connection, a redirect, or an answer beyond `MOST_BYTES`.
        """
        url = f"{self.base}{path}{'?' + urlencode(query) if query else ''}"
        content = None if document is None else json.dumps(document).encode()
        async with self._slots:
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    return await self._sent(method, url, content, call_of(method, path))
            except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError) as error:
                raise self._translated(error, call_of(method, path)) from None

    async def close(self) -> None:
        """Closes the pool."""
        await self._http.aclose()

    async def _sent(self, method: str, url: str, content: bytes | None, call: str) -> Reply:
        headers = {"Content-Type": "application/json"} if content is not None else None
        body = bytearray()
        async with self._http.stream(method, url, content=content, headers=headers) as response:
            if response.is_redirect:
                raise self._mismatch("rabbitmq_redirect", call, str(response.status_code))
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise self._mismatch("rabbitmq_answer_long", call, f"more than {MOST_BYTES} bytes")
            return Reply(response.status_code, bytes(body))

    def _translated(self, error: Exception, call: str) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": call}
        if isinstance(error, (TimeoutError, httpx.TimeoutException)):
            connecting = isinstance(error, httpx.ConnectTimeout)
            return CallTimeout("call_timeout", seconds=CONNECT_TIMEOUT_S if connecting else CALL_TIMEOUT_S, **facts)
        facts["detail"] = str(error) or type(error).__name__
        if _speaks_tls_wrongly(error):
            return ProtocolMismatch("tls_mismatch", **facts)
        if isinstance(error, httpx.RemoteProtocolError) and not _cut_off(error):
            return ProtocolMismatch("rabbitmq_not_api", **facts)
        return Unreachable("rabbitmq_unreachable", place=self.base, **facts)

    def _mismatch(self, text: str, call: str, detail: str) -> ProtocolMismatch:
        return ProtocolMismatch(text, target=self._target.name, call=call, detail=detail)


def address_of(target: Target) -> tuple[str, tuple[str, str]]:
    """Where the management API is, without credentials, and the credentials: its own, else those of the AMQP URL."""
    if target.management_url:
        parts = urlsplit(target.management_url)
        place = parts.netloc.rpartition("@")[2]
        base = f"{parts.scheme}://{place}{parts.path.rstrip('/').removesuffix('/api')}"
        if parts.username:
            return base, (unquote(parts.username), unquote(parts.password or ""))
    else:
        scheme = "https" if target.scheme == "amqps" else "http"
        host = f"[{target.host}]" if ":" in target.host else target.host or "localhost"
        base = f"{scheme}://{host}:{_PORTS[scheme]}"
    return base, (target.username or "guest", "guest" if target.username is None else target.password or "")


def _tls(target: Target) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=target.tls_ca or None)
    except (OSError, ssl.SSLError) as error:
        detail = f"tls_ca: {error}"
        raise ProtocolMismatch("tls_mismatch", target=target.name, call="GET /api/overview", detail=detail) from None


def _speaks_tls_wrongly(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError) or "SSL" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _cut_off(error: Exception) -> bool:
    """Whether the connection ended before the answer did; else what came was no HTTP."""
    return any(word in str(error) for word in ("disconnected", "closed", "without sending"))
