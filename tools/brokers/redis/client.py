"""The real Redis client behind a session: redis-py, one pool, no hidden retries, and errors in our own tree."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tools.brokers.redis.session import Command, ReplyError, name_of
from tools.errors import AuthFailed, CallTimeout, Forbidden, ProtocolMismatch, TargetError, Unreachable
from tools.targets import Target

CONNECT_TIMEOUT_S = 3.0
# Of one pipeline. Below the runner's 10 s, so that the error names the exact command.
CALL_TIMEOUT_S = 5.0
_TLS = {"rediss", "valkeys"}


class RedisClient:
    """Pipelines over one bounded pool."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connect(named=True)

    def _connect(self, *, named: bool) -> None:
        self._named = named
        self._redis = Redis(connection_pool=_pool(self._target, named=named))
        # Raw replies: redis-py would turn INFO, CLIENT LIST and others into shapes of its own.
        self._redis.response_callbacks.clear()

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """One reply per command.

        Raises:
            TargetError: what concerns the connection.
        """
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                try:
                    replies = await self._pipeline(commands)
                except redis_errors.NoPermissionError:
                    # The name is a courtesy to whoever reads CLIENT LIST; a user may lack the right to it.
                    if not self._named:
                        raise
                    await self.close()
                    self._connect(named=False)
                    replies = await self._pipeline(commands)
        except (redis_errors.RedisError, OSError, TimeoutError, ValueError) as error:
            raise self._translated(error, commands[0]) from None
        return [ReplyError(str(r)) if isinstance(r, redis_errors.RedisError) else r for r in replies]

    async def _pipeline(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies

    async def close(self) -> None:
        """Closes the pool."""
        await self._redis.aclose(close_connection_pool=True)  # type: ignore[attr-defined, unused-ignore]

    def _translated(self, error: Exception, command: Command) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": name_of(command), "detail": _detail(error)}
        if isinstance(error, (TimeoutError, redis_errors.TimeoutError)):
            # A plain Redis never answers a TLS greeting: it waits for the end of a line.
            text = "call_timeout_tls" if self._target.scheme in _TLS else "call_timeout"
            return CallTimeout(
                text, seconds=CONNECT_TIMEOUT_S if "connecting" in _detail(error) else CALL_TIMEOUT_S, **facts
            )
        if isinstance(error, redis_errors.AuthenticationError) or _detail(error).startswith(("NOAUTH", "WRONGPASS")):
            return AuthFailed(**facts)
        if isinstance(error, redis_errors.NoPermissionError):
            return Forbidden(**facts)
        if _speaks_otherwise(error):
            return ProtocolMismatch("tls_mismatch" if _tls(error) else "protocol_mismatch", **facts)
        return Unreachable(**facts)


def _pool(target: Target, *, named: bool) -> BlockingConnectionPool:
    options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": CALL_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "db": target.db,
        "encoding_errors": "surrogateescape",
        "client_name": "queuewright" if named else None,
        "driver_info": None,
        **_credentials(target),
    }
    kind: type[Any] = Connection
    if target.scheme == "unix":
        kind = UnixDomainSocketConnection
        options |= {"path": target.path}
        options.pop("socket_connect_timeout")
    else:
        options |= {"host": target.host or "localhost", "port": target.port or 6379}
    if target.scheme in _TLS:
        kind = SSLConnection
        options |= {"ssl_ca_certs": target.tls_ca or None, "ssl_cert_reqs": "required"}
    return BlockingConnectionPool(connection_class=kind, max_connections=4, timeout=CONNECT_TIMEOUT_S, **options)


def _credentials(target: Target) -> dict[str, str | None]:
    parts = urlsplit(target.url)
    return {
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }


def _detail(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _speaks_otherwise(error: BaseException) -> bool:
    kinds = (redis_errors.InvalidResponse, ssl.SSLError)
    chain = [error, error.__cause__, error.__context__]
    words = ("Protocol error", "SSL", "WRONG_VERSION_NUMBER", "certificate")
    return any(isinstance(e, kinds) for e in chain) or any(w in _detail(error) for w in words)


def _tls(error: BaseException) -> bool:
    return any(isinstance(e, ssl.SSLError) for e in (error, error.__cause__, error.__context__)) or "SSL" in _detail(
        error
    )
