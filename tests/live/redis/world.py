"""Debian's redis-server for the contract suite: queues are streams with one group, whose depth Redis itself tells."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from evals.servers.redis import RedisServer
from tests.tools.brokers.redis.world import GROUP, HOSTILE


class RealWorld:
    """`async with RealWorld() as world:` a server of its own, or one that runs already.

    Raises:
        ServerMissing: when entered without redis-server.
    """

    peeks = True
    empty_name = "no-such-queue"
    hostile = [*HOSTILE, "tab\tnew\nline \x06\x16"]  # noqa: RUF012 - as the stub's

    def __init__(self, server: RedisServer | None = None) -> None:
        self._own = server is None
        self._server = server or RedisServer()
        self.options: dict[str, Any] = {}

    async def __aenter__(self) -> RealWorld:
        if self._own:
            self._server.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own:
            self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    async def put(self, queue: str, count: int) -> None:
        """A stream with a group that nobody consumes, and that many entries."""
        with self._server.client() as client:
            client.xgroup_create(queue, GROUP, id="0", mkstream=True)
            for n in range(count):
                client.xadd(queue, {"data": json.dumps({"n": n})})

    async def counts(self, queue: str) -> dict[str, int]:
        """By redis-py: XINFO GROUPS."""
        with self._server.client() as client:
            (group,) = client.xinfo_groups(queue)
        return {"ready": group["lag"], "in_flight": group["pending"], "consumers": group["consumers"]}
