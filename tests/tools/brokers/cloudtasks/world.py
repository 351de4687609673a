"""Ways to stand Cloud Tasks up for the contract suite: here the stub; the emulator: tests/live/cloudtasks/world.py."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.stub_world import FileWorld

# The service allows letters, digits and hyphens, at most 100; the emulator and the stub take anything else too.
HOSTILE = [
    "a" * 100,
    "-",
    "0--0",
    "a b",
    "100%25",
    "a/b",
    "очередь",
    "q; rm -rf ~",
    "{{7*7}}",
    "tab\tand\nline",
    "x" * 255,
]


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    system = "cloudtasks"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self._queues: dict[str, Any] = {}

    async def put(self, queue: str, count: int) -> None:
        tasks = [{"id": f"t{n}", "body": json.dumps({"n": n})} for n in range(count)]
        self._queues[queue] = {"state": "paused", "tasks": tasks}
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": len(self._queues[queue]["tasks"]), "scheduled": 0, "retrying": 0}

    def document(self) -> dict[str, Any]:
        return {"queues": self._queues}
