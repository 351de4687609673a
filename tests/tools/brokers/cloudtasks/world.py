"""Ways to stand Cloud Tasks up for the contract suite: here the stub; the emulator: tests/live/cloudtasks/world.py."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

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


class StubWorld:
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._queues: dict[str, Any] = {}

    async def __aenter__(self) -> StubWorld:
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "world.yaml"
        self._write()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"cloudtasks+stub://{self._file}"

    async def put(self, queue: str, count: int) -> None:
        tasks = [{"id": f"t{n}", "body": json.dumps({"n": n})} for n in range(count)]
        self._queues[queue] = {"state": "paused", "tasks": tasks}
        self._write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": len(self._queues[queue]["tasks"]), "scheduled": 0, "retrying": 0}

    def _write(self) -> None:
        self._file.write_text(yaml.safe_dump({"queues": self._queues}, allow_unicode=True), encoding="utf-8")
