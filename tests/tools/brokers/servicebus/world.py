"""Ways to stand Service Bus up for the contract suite: here the stub; the doubles stand in tests/live/servicebus."""

from __future__ import annotations

from typing import Any

from tests.contract.stub_world import FileWorld

# Letters, digits, periods, hyphens, underscores and slashes, at most 260 (Service Bus, naming rules).
HOSTILE = ["a/b/c", "-", "_.-", "--help", "x" * 260, "subscriptions", "A.b_C-9/" * 32 + "end"]


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    system = "servicebus"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self._queues: dict[str, Any] = {}

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = {"ready": count}
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": self._queues[queue]["ready"], "scheduled": 0, "dead": 0}

    def document(self) -> dict[str, Any]:
        return {"queues": self._queues}
