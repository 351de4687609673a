"""Ways to stand SQS up for the contract suite: here the stub; the server stands in tests/live/sqs/world.py."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

# All that a queue name may hold: letters, digits, hyphen, underscore, at most 80 of them (SQS, CreateQueue).
HOSTILE = ["a" * 80, "--help", "-", "_", "0", "A-_b9" * 16, "x" * 75 + ".fifo"]


class StubWorld:
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {"peek": True}
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
        return f"sqs+stub://{self._file}"

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = {"messages": [json.dumps({"n": n}) for n in range(count)]}
        self._write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": len(self._queues[queue]["messages"]), "in_flight": 0, "scheduled": 0}

    def _write(self) -> None:
        self._file.write_text(yaml.safe_dump({"queues": self._queues}), encoding="utf-8")
