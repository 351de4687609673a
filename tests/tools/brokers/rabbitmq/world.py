"""Ways to stand RabbitMQ up for the contract suite: here the stub; the server is in tests/live/rabbitmq/world.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

# At most 255 bytes of UTF-8 (AMQP 0-9-1, short string). RabbitMQ strips line ends from a name on declaration.
HOSTILE = [
    "a/b/../c",
    "two  words",
    "100%",
    "%2F",
    "?q=1#f&x",
    "очередь 😀",
    "tab\there\x1b[31m",
    "nul\x00x",
    "\u202eabc\u200b",
    ".",
    "..",
    "'\"`$(id)`; rm -rf /",
    "{{7*7}}<script>",
    "a" * 255,
    "ё" * 127,
]


class StubWorld:
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    peeks = True
    empty_name = "no-such-queue"
    hostile = HOSTILE

    def __init__(self) -> None:
        self.options: dict[str, Any] = {"peek": True}
        self._queues: dict[str, int] = {}

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
        return f"rabbitmq+stub://{self._file}"

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = self._queues.get(queue, 0) + count
        self._write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": self._queues[queue], "in_flight": 0, "consumers": 0}

    def _write(self) -> None:
        queues = [{"name": name, "ready": count, "published": count} for name, count in self._queues.items()]
        self._file.write_text(yaml.safe_dump({"queues": queues}), encoding="utf-8")
