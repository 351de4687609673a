"""The stub for the contract suite: queues are streams with one group, whose depth Redis itself tells."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

# Control characters are cut from what tools print, so names that differ in them alone are left out here.
HOSTILE = [
    "a/b/c", "with space", "100%25", "ключ ✓", "quote'\"\\", "*?[glob]", "{tag}rest", "x" * 255, "../../etc/passwd",
    "q; rm -rf /", "{{7*7}}", "-n",
]  # fmt: skip
GROUP = "workers"


class StubWorld:
    """`async with StubWorld() as world:` a file that grows with each `put`; put before the first call of a tool."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._streams: dict[str, dict[str, Any]] = {}

    async def __aenter__(self) -> StubWorld:
        self._folder = tempfile.TemporaryDirectory(prefix="queuewright-stub-")
        self._file = Path(self._folder.name) / "world.yaml"
        self._write()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"redis+stub://{self._file}"

    async def put(self, queue: str, count: int) -> None:
        """A stream with a group that nobody consumes, and that many entries."""
        self._streams[queue] = {"length": count, "groups": {GROUP: {"lag": count}}}
        self._write()

    async def counts(self, queue: str) -> dict[str, int]:
        """What was put."""
        return {"ready": self._streams[queue]["length"], "in_flight": 0, "consumers": 0}

    def _write(self) -> None:
        self._file.write_text(yaml.safe_dump({"streams": self._streams}, allow_unicode=True), encoding="utf-8")
