"""How one server is connected to: address, TLS, user, time-outs. One bounded pool per server."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from tools.targets import Target

POOL_SIZE = 4
_TLS = {"rediss", "valkeys"}
_TRUE = {"1", "true", "yes"}

Place = tuple[str, int]


def uses_tls(target: Target) -> bool:
    """By the scheme; Sentinel and Cluster have one scheme each, so there `tls_ca` or `?tls=true` says it."""
    if target.scheme in _TLS:
        return True
    several = target.scheme in {"redis+sentinel", "redis+cluster"}
    return several and (bool(target.tls_ca) or target.query.get("tls", "").lower() in _TRUE)


def pool(
    target: Target, place: Place | None, *, connect_s: float, call_s: float, name: str | None, login: bool = True
) -> BlockingConnectionPool:
    """A pool to `place`, or to where the URL points.

    Args:
        name: for CLIENT LIST; None sends none.
        login: False for a server that may know other users, such as a sentinel.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": connect_s,
        "socket_timeout": call_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "db": target.db,
        "encoding_errors": "surrogateescape",
        "client_name": name,
        "driver_info": None,
        **(_credentials(target) if login else {}),
    }
    kind: type[Any] = Connection
    if target.scheme == "unix" and place is None:
        kind = UnixDomainSocketConnection
        options |= {"path": target.path}
        options.pop("socket_connect_timeout")
    else:
        host, port = place or (target.host or "localhost", target.port or 6379)
        options |= {"host": host, "port": port}
        if uses_tls(target):
            kind = SSLConnection
            options |= {"ssl_ca_certs": target.tls_ca or None, "ssl_cert_reqs": "required"}
    return BlockingConnectionPool(connection_class=kind, max_connections=POOL_SIZE, timeout=connect_s, **options)


def _credentials(target: Target) -> dict[str, str | None]:
    parts = urlsplit(target.url)
    return {
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }
