"""Real producers, consumers and groups, with the library alone; and what the library's own client reports."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import confluent_kafka as ck
from confluent_kafka import admin as ck_admin

from evals.servers.kafka import KafkaServer

_numbers = itertools.count(1)
CALL_S = 20.0
sdk: Any = ck_admin


class Scene:
    """One server, set up through the listener on which everything is allowed."""

    def __init__(self, server: KafkaServer) -> None:
        self.server = server
        self.settings: dict[str, Any] = {"bootstrap.servers": server.internal, "log_level": 0}
        self.admin: Any = ck_admin.AdminClient(self.settings)
        self._consumers: list[Any] = []

    def topic(self, partitions: int = 1, name: str | None = None, **config: str) -> str:
        """A new topic."""
        name = name or f"t{next(_numbers)}"
        wanted = sdk.NewTopic(name, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()})
        self.admin.create_topics([wanted])[name].result(CALL_S)
        until(lambda: name in self.admin.list_topics(timeout=CALL_S).topics, f"topic {name} is known")
        return name

    def put(self, topic: str, count: int, partition: int | None = None, body: bytes | None = None) -> None:
        """Writes messages, round robin or into one partition."""
        producer: Any = ck.Producer({**self.settings, "acks": "all", "message.max.bytes": 20_000_000, "linger.ms": 1})
        places = len(self.admin.list_topics(timeout=CALL_S).topics[topic].partitions)
        for n in range(count):
            value = body if body is not None else json.dumps({"n": n}).encode()
            producer.produce(topic, value, partition=n % places if partition is None else partition)
            producer.poll(0)
        assert producer.flush(CALL_S) == 0

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Sets the offsets of a group that has no members; the first one of a server waits for its coordinator."""
        places = [ck.TopicPartition(topic, n, offset) for n, offset in offsets.items()]

        def done() -> bool:
            request = ck.ConsumerGroupTopicPartitions(group, places)
            answer = self.admin.alter_consumer_group_offsets([request], request_timeout=2)[group]
            try:
                return all(one.error is None for one in answer.result(CALL_S).topic_partitions)
            except ck.KafkaException:
                return False

        until(done, f"group {group} has its offsets", 60)

    def consumer(self, group: str, topics: Iterable[str], **settings: Any) -> Any:
        """A member of a group that has partitions."""
        found: Any = ck.Consumer(
            {
                **self.settings,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **settings,
            }
        )
        self._consumers.append(found)
        found.subscribe(list(topics))
        until(lambda: found.poll(0.1) is not None or bool(found.assignment()), "the consumer has partitions")
        return found

    def groups(self) -> dict[str, tuple[str, int]]:
        """State and members of every group, as the library reports them."""
        listed = self.admin.list_consumer_groups().result(CALL_S).valid
        names = [one.group_id for one in listed]
        if not names:
            return {}
        described = self.admin.describe_consumer_groups(names)
        return {
            name: (one.result(CALL_S).state.name, len(one.result(CALL_S).members)) for name, one in described.items()
        }

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        """Committed offsets as the library reports them."""
        request = ck.ConsumerGroupTopicPartitions(group)
        found = self.admin.list_consumer_group_offsets([request])[group].result(CALL_S)
        return {(one.topic, one.partition): one.offset for one in found.topic_partitions}

    def lag(self, group: str, topic: str) -> int:
        """By watermarks and commits, one partition after the other, as a person would add it up."""
        probe: Any = ck.Consumer({**self.settings, "group.id": "never-joined"})
        committed = self.offsets(group)
        total = 0
        for number in self.admin.list_topics(timeout=CALL_S).topics[topic].partitions:
            low, high = probe.get_watermark_offsets(ck.TopicPartition(topic, number), timeout=CALL_S)
            reached = committed.get((topic, number), -1)
            total += high - (max(reached, low) if reached >= 0 else low)
        probe.close()
        return total

    def ends(self, places: Iterable[Any]) -> bool:
        """Whether the end of every one of these partitions can be read."""
        wanted = {place: sdk.OffsetSpec.latest() for place in places}
        answers = list(self.admin.list_offsets(wanted, request_timeout=5).values())
        return all(answer.exception(CALL_S) is None for answer in answers)

    def close(self) -> None:
        """Ends the consumers."""
        for one in self._consumers:
            one.close()
        self._consumers.clear()


def until(condition: Callable[[], object], what: str, seconds: float = CALL_S) -> None:
    """Waits until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
