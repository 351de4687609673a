"""Consumers that are idle, killed, or moving."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import confluent_kafka as ck
import pytest

from tests.live.kafka.conftest import Call, data
from tests.live.kafka.scene import Scene, until

pytestmark = pytest.mark.live

_CONSUMER = """
import sys, confluent_kafka
bootstrap, group, topic = sys.argv[1:]
one = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                                "session.timeout.ms": 2000, "heartbeat.interval.ms": 500})
one.subscribe([topic])
while True:
    one.poll(1.0)
"""


async def test_a_killed_consumer_leaves_an_empty_group_and_its_lag(scene: Scene, call: Call) -> None:
    # Given a consumer in a process of its own
    topic = scene.topic(2)
    group = f"killed {topic}"
    process = _started(scene.server.bootstrap, group, topic)
    try:
        until(lambda: scene.groups().get(group) == ("STABLE", 1), "the consumer has joined")
        record = data(await call("inspect_queue", queue=topic))
        assert (record["consumers"], record["details"]["groups"][0]["assigned"]) == (1, 1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    # When it was killed and its session ended
    scene.put(topic, 6)
    until(lambda: scene.groups()[group][1] == 0, "the dead member has expired")
    scene.commit(group, topic, {0: 0})
    # Then
    record = data(await call("inspect_queue", queue=topic))
    row = record["details"]["groups"][0]
    assert (record["consumers"], row["state"], row["members"]) == (0, "Empty", 0)
    assert record["ready"] == 6


async def test_more_members_than_partitions_leave_some_without_work(scene: Scene, call: Call) -> None:
    topic = scene.topic(1)
    group = f"crowd {topic}"
    consumers = [scene.consumer(group, [topic], **{"partition.assignment.strategy": "cooperative-sticky"})]
    spare = ck.Consumer({**scene.settings, "group.id": group,
        "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6_000})  # fmt: skip
    spare.subscribe([topic])

    def settled() -> bool:
        for one in (*consumers, spare):
            one.poll(0.05)
        return scene.groups()[group] == ("STABLE", 2)

    try:
        until(settled, "both have joined")
        record = data(await call("inspect_queue", queue=topic))
    finally:
        spare.close()
    row = record["details"]["groups"][0]
    assert (row["members"], row["assigned"], record["consumers"]) == (2, 1, 1)


async def test_a_group_in_a_rebalance_is_seen(scene: Scene, call: Call) -> None:
    topic = scene.topic(2)
    group = f"moving {topic}"
    scene.put(topic, 4)
    first = scene.consumer(group, [topic])
    first.commit(asynchronous=False, offsets=[ck.TopicPartition(topic, 0, 1)])
    # A second member that joins while the first does not poll: the group waits for it
    late = ck.Consumer({**scene.settings, "group.id": group, "session.timeout.ms": 6_000})
    late.subscribe([topic])
    try:
        until(lambda: late.poll(0.05) is None and scene.groups()[group][0] == "PREPARING_REBALANCING", "it rebalances")
        row = data(await call("inspect_queue", queue=topic))["details"]["groups"][0]
    finally:
        late.close()
    assert (row["state"], row["rebalancing"], row["lag"]) == ("PreparingRebalance", True, 3)
    assert row["unassigned_partitions"] is None


def _started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _CONSUMER, *arguments], start_new_session=True)
