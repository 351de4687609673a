"""Apache Kafka for the contract suite."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from evals.servers.kafka import KafkaServer
from tests.live.kafka.scene import Scene
from tests.tools.brokers.kafka.world import HOSTILE, group_of


class RealWorld:
    """`async with RealWorld() as world:` a server of its own, or one that runs already."""

    peeks = True
    empty_name = "no-such-topic"
    hostile = HOSTILE

    def __init__(self, server: KafkaServer | None = None) -> None:
        self._own = server is None
        self._server = server or KafkaServer()
        self.options: dict[str, Any] = {}

    async def __aenter__(self) -> RealWorld:
        if self._own:
            await asyncio.to_thread(self._server.__enter__)
        self._scene = Scene(self._server)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scene.close()
        if self._own:
            self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    async def put(self, queue: str, count: int) -> None:
        """A topic of three partitions, of which a group without members has a commit in one."""
        await asyncio.to_thread(self._put, queue, count)

    async def counts(self, queue: str) -> dict[str, int]:
        waiting = await asyncio.to_thread(self._scene.lag, group_of(queue), queue)
        return {"ready": waiting, "consumers": 0}

    def _put(self, queue: str, count: int) -> None:
        if queue not in self._scene.admin.list_topics(timeout=10).topics:
            self._scene.topic(3, name=queue)
            self._scene.commit(group_of(queue), queue, {0: 0})
        self._scene.put(queue, count)
