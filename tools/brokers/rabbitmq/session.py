"""An open RabbitMQ. Every reader goes through `RabbitSession`, which only reads, and reads long lists in pages.

The one call that is not free is `take_and_return` (basic.get and requeue): it is sent only where the target says
`peek = true`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, unquote

from tools.errors import AuthFailed, Forbidden, ProtocolMismatch, TargetError, Unreachable, Unsupported
from tools.targets import Target

# The API refuses more (400, invalid_pagination_parameters).
PAGE_SIZE = 500
# The pages after the first are asked for in twos: the server needs one core for each.
PAGES_AT_ONCE = 2
# Resources that are read. Nothing here changes anything with GET.
READING = frozenset(
    {"overview", "nodes", "vhosts", "queues", "consumers", "channels", "connections", "exchanges", "policies",
     "operator-policies", "vhost-limits", "health"}
)  # fmt: skip
# Segments that a server takes for "here" and "above", however they are encoded.
DOTS = frozenset({".", ".."})
Row = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer as it came: HTTP status and body."""

    status: int
    body: bytes


class RabbitTransport(Protocol):
    """What sends calls: the real client, or the stub."""

    async def send(self, method: str, path: str, query: Mapping[str, str], document: object = None) -> Reply:
        """One call. Raises TargetError for what concerns the connection."""
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


@dataclass
class Pages:
    """Rows of a long list.

    Attributes:
        total: the most that there were while pages were read; None when the server does not page this list.
        complete: False when the cap or the time ended the reading.
    """

    rows: list[Row] = field(default_factory=list)
    total: int | None = None
    complete: bool = True


class RabbitSession:
    """One target's connections.

    Attributes:
        vhost: the only virtual host to look at; None for every one that the user sees.
        starts: Unix time at which each node started, as last seen: tells a restart from a jitter of the clock.
    """

    system = "rabbitmq"

    def __init__(self, target: Target, transport: RabbitTransport) -> None:
        self.target = target
        self.vhost = vhost_of(target)
        self.starts: dict[str, float] = {}
        self._transport = transport

    async def get(self, *segments: str, **query: str) -> Any:
        """The parsed answer of `GET /api/SEGMENT/…`.

        Raises:
            ValueError: a resource that is not only read (a defect of ours).
            TargetError: unreachable, time-out, wrong password, missing permission, not found, not RabbitMQ.
        """
        reply = await self.reply(*segments, **query)
        return self.parsed(reply, call_of("GET", path_of(*segments)))

    async def reply(self, *segments: str, **query: str) -> Reply:
        """The same as it came, whatever its status.

        Raises:
            ValueError, TargetError: as `get`, but no status is an error.
        """
        if segments[0] not in READING:
            raise ValueError(f"not a reading call: {segments[0]}")
        return await self._transport.send("GET", path_of(*segments), query)

    async def pages(
        self, *segments: str, columns: Sequence[str], most: int, seconds: float, more: Mapping[str, str] | None = None
    ) -> Pages:
        """At most `most` rows of a list, read for at most about `seconds`.

        Raises:
            TargetError: as `get`. A list that grew shorter on the way ends earlier.
        """
        until = time.monotonic() + seconds
        query = {"columns": ",".join(columns), "page_size": str(PAGE_SIZE), **(more or {})}
        first = await self.get(*segments, page="1", **query)
        if isinstance(first, list):
            rows = _rows(first)
            return Pages(rows[:most], None, len(rows) <= most)
        if not isinstance(first, dict) or not isinstance(first.get("items"), list):
            raise self._odd(call_of("GET", path_of(*segments)), "no items")
        found = Pages()
        cap = -(-most // PAGE_SIZE)
        seen, last = 1, self._add(found, first)
        while seen < min(last, cap) and time.monotonic() < until:
            batch = range(seen + 1, min(seen + PAGES_AT_ONCE, last, cap) + 1)
            for page in await asyncio.gather(*(self._page(segments, query, number) for number in batch)):
                last = self._add(found, page) or last
            seen = batch[-1]
        found.complete = seen >= last
        return found

    async def take_and_return(self, vhost: str, queue: str, limit: int, most_bytes: int) -> Any:
        """Takes messages and puts them back: they stay, marked as redelivered.

        Raises:
            Unsupported: the target does not say `peek = true`, or the address of that queue does not exist in HTTP.
            TargetError: as `get`.
        """
        segments = ("queues", vhost, queue, "get")
        call = call_of("POST", path_of(*segments))
        if not self.target.peek:
            raise Unsupported("rabbitmq_peek_off", target=self.target.name, queue=queue, call=call)
        if DOTS & {vhost, queue}:
            raise Unsupported("rabbitmq_peek_name", target=self.target.name, queue=queue, call=call)
        document = {"count": limit, "ackmode": "ack_requeue_true", "encoding": "auto", "truncate": most_bytes}
        return self.parsed(await self._transport.send("POST", path_of(*segments), {}, document), call)

    async def close(self) -> None:
        """Gives the connections back."""
        await self._transport.close()

    def parsed(self, reply: Reply, call: str) -> Any:
        """The answer's document.

        Raises:
            TargetError: the status says that there is none, or it is not JSON.
        """
        if reply.status != 200:
            raise self._failure(reply, call)
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            raise self._odd(call, reply.body[:200].decode("utf-8", "replace")) from None

    async def _page(self, segments: Sequence[str], query: Mapping[str, str], number: int) -> Row:
        """A further page; empty when the list became shorter than that."""
        reply = await self.reply(*segments, page=str(number), **query)
        if reply.status == 400 and b"page_out_of_range" in reply.body:
            return {}
        document = self.parsed(reply, call_of("GET", path_of(*segments)))
        return document if isinstance(document, dict) else {}

    def _add(self, found: Pages, page: Row) -> int:
        """Takes over a page's rows; gives how many pages there are by now, 0 when it does not say."""
        found.rows += _rows(page.get("items"))
        found.total = max(found.total or 0, _count(page.get("total_count")) or 0)
        return _count(page.get("page_count")) or 0

    def _failure(self, reply: Reply, call: str) -> TargetError:
        said = _said(reply)
        facts: dict[str, Any] = {"target": self.target.name, "call": call, "detail": f"{reply.status} {said}".strip()}
        if reply.status == 401:
            return _unauthorised(said, facts)
        if reply.status == 403:
            return Forbidden("rabbitmq_forbidden", **facts)
        if reply.status in {400, 404, 405}:
            kind = ProtocolMismatch if call == "GET /api/overview" else Unsupported
            return kind("rabbitmq_not_api" if kind is ProtocolMismatch else "reply_error", **facts)
        if reply.status >= 500:
            return Unreachable("rabbitmq_server_error", **facts)
        return ProtocolMismatch("rabbitmq_not_api", **facts)

    def _odd(self, call: str, detail: str) -> ProtocolMismatch:
        return ProtocolMismatch("rabbitmq_not_api", target=self.target.name, call=call, detail=detail)


def vhost_of(target: Target) -> str | None:
    """The virtual host of an AMQP URL: `/%2F` or `//` is `/`, `/shop` is `shop`, nothing or `/` is every one."""
    if target.scheme.endswith("+stub"):
        return target.query.get("vhost")
    return unquote(target.path[1:]) or None


def path_of(*segments: str) -> str:
    """The path of a resource; every segment is encoded whole, since names hold slashes, blanks and anything else."""
    return "/api/" + "/".join(quote(segment, safe="") for segment in segments)


def call_of(method: str, path: str) -> str:
    """The call as errors name it."""
    return f"{method} {path}"


def _unauthorised(said: str, facts: Mapping[str, Any]) -> TargetError:
    """RabbitMQ answers 401 for a wrong password and for a missing tag alike; its words tell them apart."""
    if "Not management user" in said:
        return Forbidden("rabbitmq_no_tag", **facts)
    if "Not " in said or "not authorised" in said or "not authorized" in said:
        return Forbidden("rabbitmq_forbidden", **facts)
    return AuthFailed("rabbitmq_only_localhost" if "localhost" in said else None, **facts)


def _said(reply: Reply) -> str:
    """The reason that the server gives, else the start of what it sent."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        return reply.body[:200].decode("utf-8", "replace")
    reason = document.get("reason") or document.get("error") if isinstance(document, dict) else None
    return str(reason)[:500] if reason else ""


def _rows(items: Any) -> list[Row]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
