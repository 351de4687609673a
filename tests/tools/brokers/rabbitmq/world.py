"""Ways to stand RabbitMQ up for the contract suite: here the stub; the server is in tests/live/rabbitmq/world.py."""

from __future__ import annotations

from typing import Any

from tests.contract.stub_world import FileWorld

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


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    system = "rabbitmq"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self.options["peek"] = True
        self._queues: dict[str, int] = {}

    async def put(self, queue: str, count: int) -> None:
        self._queues[queue] = self._queues.get(queue, 0) + count
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": self._queues[queue], "in_flight": 0, "consumers": 0}

    def document(self) -> dict[str, Any]:
        queues = [{"name": name, "ready": count, "published": count} for name, count in self._queues.items()]
        return {"queues": queues}
