"""The client of one server behind a session: redis-py, one pool, no hidden retries, and errors in our own tree."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from redis import exceptions as redis_errors
from redis.asyncio import Redis

from tools.brokers.redis.connections import Place, pool, uses_tls
from tools.brokers.redis.session import Command, ReplyError, name_of
from tools.errors import AuthFailed, CallTimeout, Forbidden, ProtocolMismatch, TargetError, Unreachable
from tools.targets import Target

CONNECT_TIMEOUT_S = 3.0
# Of one pipeline. Below the runner's 10 s, so that the error names the exact command.
CALL_TIMEOUT_S = 5.0
OWN_NAME = "queuewright"


class RedisClient:
    """Pipelines over one bounded pool.

    Args:
        place: of the server, where it is not the one that the URL names.
        login: False connects without user and password.
        limit_s: of connecting and of one pipeline, where the usual time-outs are too long.
    """

    def __init__(
        self, target: Target, place: Place | None = None, *, login: bool = True, limit_s: float | None = None
    ) -> None:
        self._target, self._place, self._login, self._limit_s = target, place, login, limit_s
        self._connect(named=True)

    @property
    def target(self) -> Target:
        """As configured."""
        return self._target

    async def nodes(self) -> list[str]:
        """One server."""
        return [""]

    def _connect(self, *, named: bool) -> None:
        self._named = named
        self._redis = Redis(
            connection_pool=pool(
                self._target, self._place, connect_s=self._limit_s or CONNECT_TIMEOUT_S,
                call_s=self._limit_s or CALL_TIMEOUT_S, name=OWN_NAME if named else None, login=self._login,
            )
        )  # fmt: skip
        # Raw replies: redis-py would turn INFO, CLIENT LIST and others into shapes of its own.
        self._redis.response_callbacks.clear()

    async def execute(self, commands: Sequence[Command], node: str | None = None, *, asking: bool = False) -> list[Any]:
        """One reply per command.

        Args:
            asking: tells a Cluster's node before each command that a slot is on its way to it.

        Raises:
            TargetError: what concerns the connection.
        """
        try:
            async with asyncio.timeout(self._limit_s or CALL_TIMEOUT_S):
                try:
                    replies = await self._pipeline(commands, asking)
                except redis_errors.NoPermissionError:
                    # The name is a courtesy to whoever reads CLIENT LIST; a user may lack the right to it.
                    if not self._named:
                        raise
                    await self.close()
                    self._connect(named=False)
                    replies = await self._pipeline(commands, asking)
        except (redis_errors.RedisError, OSError, TimeoutError, ValueError) as error:
            raise self._translated(error, commands[0]) from None
        return [ReplyError(_words(r)) if isinstance(r, redis_errors.RedisError) else r for r in replies]

    async def _pipeline(self, commands: Sequence[Command], asking: bool) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            if asking:
                pipeline.execute_command("ASKING")
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies[1::2] if asking else replies

    async def close(self) -> None:
        """Closes the pool."""
        await self._redis.aclose(close_connection_pool=True)  # type: ignore[attr-defined, unused-ignore]

    def _translated(self, error: Exception, command: Command) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": name_of(command), "detail": _detail(error)}
        if isinstance(error, (TimeoutError, redis_errors.TimeoutError)):
            # A plain Redis never answers a TLS greeting: it waits for the end of a line.
            text = "call_timeout_tls" if uses_tls(self._target) else "call_timeout"
            connecting = "connecting" in _detail(error)
            seconds = self._limit_s or (CONNECT_TIMEOUT_S if connecting else CALL_TIMEOUT_S)
            return CallTimeout(text, seconds=seconds, **facts)
        if isinstance(error, redis_errors.AuthenticationError) or _detail(error).startswith(("NOAUTH", "WRONGPASS")):
            return AuthFailed(**facts)
        if isinstance(error, redis_errors.NoPermissionError):
            return Forbidden(**facts)
        if _speaks_otherwise(error):
            return ProtocolMismatch("tls_mismatch" if _tls(error) else "protocol_mismatch", **facts)
        return Unreachable(**facts)


def _words(error: redis_errors.RedisError) -> str:
    """The server's own words: redis-py takes the code off the errors that it has classes for."""
    words = str(error)
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    return words if code is None or words.startswith(code) else f"{code} {words}"


# Classes before those that they extend.
_CODES: tuple[tuple[type[redis_errors.RedisError], str], ...] = (
    (redis_errors.MovedError, "MOVED"),
    (redis_errors.AskError, "ASK"),
    (redis_errors.TryAgainError, "TRYAGAIN"),
    (redis_errors.MasterDownError, "MASTERDOWN"),
    (redis_errors.ClusterDownError, "CLUSTERDOWN"),
    (redis_errors.NoPermissionError, "NOPERM"),
    (redis_errors.AuthenticationError, "NOAUTH"),
    (redis_errors.BusyLoadingError, "LOADING"),
    (redis_errors.OutOfMemoryError, "OOM"),
    (redis_errors.ReadOnlyError, "READONLY"),
)


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
