"""RabbitMQ as Debian ships it, for the contract suite."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.tools.brokers.rabbitmq.world import HOSTILE


class RealWorld:
    """`async with RealWorld() as world:` a server of its own, or one that runs already."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self, server: RabbitServer | None = None) -> None:
        self._own = server is None
        self._server = server or RabbitServer()

    async def __aenter__(self) -> RealWorld:
        if self._own:
            self._server.__enter__()
        self.options: dict[str, Any] = {"peek": True, "management_url": self._server.management_url}
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
        """Returns when the server's statistics know of the messages too."""
        await asyncio.to_thread(amqp.put, self._server, queue, count)
        ready = (await self.counts(queue))["ready"]

        async def counted() -> bool:
            rows = self._server.api("GET", "/api/queues?columns=name,messages_ready")
            return any(row["name"] == queue and row.get("messages_ready") == ready for row in rows)

        await amqp.until(counted)

    async def counts(self, queue: str) -> dict[str, int]:
        return await asyncio.to_thread(amqp.asked, self._server, queue)
