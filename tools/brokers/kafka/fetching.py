"""Reads single messages where they lie, for a peek: a consumer that is told its partitions, joins no group and commits
nothing. Its group id is required by the library, is used by nobody, and is never seen by the cluster as a group.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from tools.brokers.kafka.failures import Heard, of_connection, translated
from tools.brokers.kafka.failures import failure as failure_of
from tools.brokers.kafka.session import Failure, Record, Spot
from tools.brokers.kafka.settings import CALL_TIMEOUT_S
from tools.targets import Target

# Of one fetch of one partition, and of what the library holds ahead; one message beyond it still comes, alone.
FETCH_BYTES = 1_000_000
AHEAD_KBYTES = 4_000
_STEP_S = 0.1


def fetch(
    target: Target, settings: Mapping[str, str | int | float | bool], places: Mapping[Spot, tuple[int, int]]
) -> list[Record]:
    """At most so many messages of each partition, from that offset on: blocking, at most about 3 s.

    Raises:
        TargetError: no message could be read, and not because there is none.
    """
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    heard = Heard()
    call = "Fetch"
    own = {
        **settings,
        "group.id": f"queuewright-peek-{uuid.uuid4()}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_uncommitted",
        "fetch.message.max.bytes": FETCH_BYTES,
        "queued.max.messages.kbytes": AHEAD_KBYTES,
        "error_cb": heard.error,
    }
    try:
        consumer = Consumer(own, logger=heard.logger())
    except KafkaException as error:
        said = failure_of(error)
        raise translated(target, call, said.code, said.detail, heard) from None
    try:
        consumer.assign([TopicPartition(*spot, offset) for spot, (offset, _most) in places.items()])
        reading = _Reading(consumer, {spot: most for spot, (_offset, most) in places.items()})
        reading.run(heard)
    finally:
        consumer.close()
    if not reading.found and (reading.failure or reading.left):
        failure = reading.failure or Failure("_TIMED_OUT", "no answer")
        raise translated(target, call, failure.code, failure.detail, heard)
    return reading.found


class _Reading:
    """Takes messages until every partition gave its share or ended."""

    def __init__(self, consumer: Any, shares: dict[Spot, int]) -> None:
        self._consumer = consumer
        self.left = shares
        self.found: list[Record] = []
        self.failure: Failure | None = None

    def run(self, heard: Heard) -> None:
        deadline = time.monotonic() + CALL_TIMEOUT_S
        while self.left and time.monotonic() < deadline and not heard.hopeless:
            for message in self._consumer.consume(num_messages=max(1, sum(self.left.values())), timeout=_STEP_S):
                self._take(message)

    def _take(self, message: Any) -> None:
        error = message.error()
        spot = (message.topic(), message.partition())
        if error is not None:
            self._failed(spot, error)
        elif spot in self.left:
            self.found.append(_record(message))
            self.left[spot] -= 1
            if not self.left[spot]:
                self._done(spot)

    def _failed(self, spot: Spot, error: Any) -> None:
        code = error.name()
        if code == "_PARTITION_EOF":
            self._done(spot)
        elif code != "GROUP_AUTHORIZATION_FAILED" and not of_connection(code):
            # There is no group to be allowed into, and connections are tried again until the deadline.
            self.failure = Failure(code, error.str())
            self._done(spot)

    def _done(self, spot: Spot) -> None:
        from confluent_kafka import TopicPartition

        if self.left.pop(spot, None) is not None:
            self._consumer.pause([TopicPartition(*spot)])


def _record(message: Any) -> Record:
    kind, moment = message.timestamp()
    headers = tuple(str(name) for name, _value in message.headers() or ())
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp_ms=moment if kind != 0 and moment >= 0 else None,
        key=message.key(),
        value=message.value(),
        headers=headers,
    )
