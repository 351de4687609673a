"""Ways to stand Kafka up for the contract suite: here the stub; the server stands in tests/live/kafka/world.py."""

from __future__ import annotations

from typing import Any

from tests.contract.stub_world import FileWorld

# A topic's name is 1 to 249 of [a-zA-Z0-9._-], neither . nor ..; a group's name may be anything.
HOSTILE = ["...", "-", "--help", "_", "__not-internal", "0", "-rf.", "A.a-Z", "x" * 249]
HOSTILE_GROUPS = [
    "a/b/../c",
    "two  words",
    "100%",
    "очередь 😀",
    "tab\there\x1b[31m",
    "\u202eabc\u200b",
    "'\"`$(id)`; rm -rf /",
    "{{7*7}}<script>",
    "g" * 255,
]


def group_of(topic: str) -> str:
    """The group that has read nothing of that topic yet, so that everything there waits."""
    return f"readers of {topic}"


class StubWorld(FileWorld):
    """`async with StubWorld() as world:` a file that the stub reads again whenever it changed."""

    system = "kafka"
    empty_name = "no-such-topic"
    hostile = HOSTILE

    def __init__(self) -> None:
        super().__init__()
        self._topics: dict[str, int] = {}

    async def put(self, queue: str, count: int) -> None:
        self._topics[queue] = self._topics.get(queue, 0) + count
        self.write()

    async def counts(self, queue: str) -> dict[str, int]:
        return {"ready": self._topics[queue], "consumers": 0}

    def document(self) -> dict[str, Any]:
        topics = {name: {"messages": count, "partitions": 3} for name, count in self._topics.items()}
        groups = {group_of(name): {"committed": {name: {0: 0}}} for name in self._topics}
        return {"topics": topics, "groups": groups}
