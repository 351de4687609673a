"""Ways to stand SQS up for the contract suite: here the stub; the server stands in tests/live/sqs/world.py."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.stub_world import FileWorld

# All that a queue name may hold: letters, digits, hyphen, underscore, at most 80 of them (SQS, CreateQueue).
HOSTILE = ["a" * 80, "--help", "-", "_", "0", "A-_b9" * 16, "x" * 75 + ".fifo"]


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    system = "sqs"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self.options["peek"] = True
        self._queues: dict[str, Any] = {}

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = {"messages": [json.dumps({"n": n}) for n in range(count)]}
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": len(self._queues[queue]["messages"]), "in_flight": 0, "scheduled": 0}

    def document(self) -> dict[str, Any]:
        return {"queues": self._queues}
