"""The stub for the contract suite: queues are streams with one group, whose depth Redis itself tells."""

from __future__ import annotations

from typing import Any

from tests.contract.stub_world import FileWorld

# Control characters are cut from what tools print, so names that differ in them alone are left out here.
HOSTILE = [
    "a/b/c", "with space", "100%25", "ключ ✓", "quote'\"\\", "*?[glob]", "{tag}rest", "x" * 255, "../../etc/passwd",
    "q; rm -rf /", "{{7*7}}", "-n",
]  # fmt: skip
GROUP = "workers"


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that grows with each `put`; put before the first call of a tool."""

    system = "redis"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self._streams: dict[str, dict[str, Any]] = {}

    async def put(self, queue: str, count: int) -> None:
        """A stream with a group that nobody consumes, and that many entries."""
        self._streams[queue] = {"length": count, "groups": {GROUP: {"lag": count}}}
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        """What was put."""
        return {"ready": self._streams[queue]["length"], "in_flight": 0, "consumers": 0}

    def document(self) -> dict[str, Any]:
        return {"streams": self._streams}
