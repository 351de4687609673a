"""Ways to stand Service Bus up for the contract suite: here the stub; the doubles stand in tests/live/servicebus."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

# Letters, digits, periods, hyphens, underscores and slashes, at most 260 (Service Bus, naming rules).
HOSTILE = ["a/b/c", "-", "_.-", "--help", "x" * 260, "subscriptions", "A.b_C-9/" * 32 + "end"]


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
        return f"servicebus+stub://{self._file}"

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = {"ready": count}
        self._write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": self._queues[queue]["ready"], "scheduled": 0, "dead": 0}

    def _write(self) -> None:
        self._file.write_text(yaml.safe_dump({"queues": self._queues}), encoding="utf-8")
