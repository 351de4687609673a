"""Cloud Tasks as the emulator plays it, for the contract suite."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any

from evals.servers.cloudtasks import CloudTasksServer
from tests.tools.brokers.cloudtasks.world import HOSTILE


class RealWorld:
    """`async with RealWorld() as world:` a server of its own. Queues are paused, so that nothing is dispatched."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._server = CloudTasksServer()

    async def __aenter__(self) -> RealWorld:
        self._server.__enter__()
        self._client = self._server.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.transport.close()
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    async def put(self, queue: str, count: int) -> None:
        name = f"{self._server.parent}/queues/{queue}"
        self._client.create_queue(parent=self._server.parent, queue={"name": name})
        self._client.pause_queue(name=name)
        for n in range(count):
            request = {"url": "http://127.0.0.1:1/work", "body": json.dumps({"n": n}).encode()}
            # the emulator names a task by the microsecond, so two of one microsecond would be one
            task = {"name": f"{name}/tasks/t{n}", "http_request": request}
            self._client.create_task(parent=name, task=task)

    async def counts(self, queue: str) -> dict[str, int]:
        tasks = list(self._client.list_tasks(parent=f"{self._server.parent}/queues/{queue}"))
        now = time.time()
        later = [t for t in tasks if t.schedule_time and t.schedule_time.timestamp() > now]
        retrying = sum(1 for t in later if t.dispatch_count)
        return {"ready": len(tasks) - len(later), "scheduled": len(later) - retrying, "retrying": retrying}
