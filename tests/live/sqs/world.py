"""SQS as moto's server plays it, for the contract suite."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from evals.servers.sqs import SqsServer
from tests.tools.brokers.sqs.world import HOSTILE

_COUNTS = {
    "ready": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "scheduled": "ApproximateNumberOfMessagesDelayed",
}


class RealWorld:
    """`async with RealWorld() as world:` a server of its own."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {"peek": True}
        self._server = SqsServer()

    async def __aenter__(self) -> RealWorld:
        self._server.__enter__()
        self._client = self._server.client()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    async def put(self, queue: str, count: int) -> None:
        fifo = queue.endswith(".fifo")
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        url = self._client.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
        for start in range(0, count, 10):
            entries: list[dict[str, Any]] = [
                {"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in range(start, min(start + 10, count))
            ]
            for entry in entries if fifo else []:
                entry["MessageGroupId"] = "one"
            self._client.send_message_batch(QueueUrl=url, Entries=entries)

    async def counts(self, queue: str) -> dict[str, int]:
        url = self._client.get_queue_url(QueueName=queue)["QueueUrl"]
        found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS.values()))["Attributes"]
        return {field: int(found[name]) for field, name in _COUNTS.items()}
