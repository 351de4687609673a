"""Lag and progress against what the library's own client reports."""

from __future__ import annotations

import pytest

from tests.live.kafka.conftest import Call, data
from tests.live.kafka.scene import Scene, until
from tests.live.kafka.world import RealWorld
from tests.tools.brokers.kafka.world import HOSTILE_GROUPS
from tools.untrusted import clean

pytestmark = pytest.mark.live


async def test_a_partition_without_a_commit_is_not_forgotten(scene: Scene, call: Call) -> None:
    # Given 18 messages of which 10 were never committed in any way
    topic = scene.topic(3)
    scene.put(topic, 18)
    scene.commit(f"readers {topic}", topic, {0: 4, 1: 6})
    # When
    record = data(await call("inspect_queue", queue=topic))
    # Then
    assert record["ready"] == scene.lag(f"readers {topic}", topic) == 8
    assert record["details"]["groups"][0]["uncommitted_partitions"] == 1
    assert record["consumers"] == 0


async def test_a_working_group_falls_behind_and_catches_up(scene: Scene, call: Call) -> None:
    topic = scene.topic(2)
    scene.put(topic, 10)
    consumer = scene.consumer(f"workers {topic}", [topic])
    consumer.commit(asynchronous=False, offsets=[_at(topic, 0, 2), _at(topic, 1, 5)])
    record = data(await call("inspect_queue", queue=topic))
    assert record["ready"] == scene.lag(f"workers {topic}", topic) == 3
    row = record["details"]["groups"][0]
    assert (row["state"], row["members"], row["assigned"], row["unassigned_partitions"]) == ("Stable", 1, 1, 0)
    assert row["worst"][0]["client"].startswith("rdkafka@")
    consumer.commit(asynchronous=False, offsets=[_at(topic, 0, 5)])
    assert data(await call("inspect_queue", queue=topic))["ready"] == 0


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_both_kinds_of_groups_are_described(scene: Scene, call: Call, protocol: str) -> None:
    topic = scene.topic(4)
    scene.put(topic, 8)
    group = f"{protocol} {topic}"
    scene.consumer(group, [topic], **{"group.protocol": protocol})
    until(lambda: scene.groups()[group][0] == "STABLE", "the group is stable")
    row = data(await call("inspect_queue", queue=topic))["details"]["groups"][0]
    assert (row["group"], row["type"], row["state"], row["members"]) == (group, protocol, "Stable", 1)
    assert row["lag"] == 8


async def test_measure_tells_arrivals_and_completions(scene: Scene, call: Call) -> None:
    import asyncio

    topic = scene.topic(2)
    scene.put(topic, 40)
    scene.commit(f"g {topic}", topic, {0: 0, 1: 0})
    measuring = asyncio.create_task(call("measure", queue=topic, seconds=3))
    await asyncio.sleep(1.5)
    await asyncio.to_thread(scene.put, topic, 30)
    await asyncio.to_thread(scene.commit, f"g {topic}", topic, {0: 15, 1: 6})
    measured = data(await measuring)
    row = measured["queues"][0]
    assert round(row["arrival_per_s"] * measured["seconds"]) == 30
    assert round(row["completion_per_s"] * measured["seconds"]) == 21
    assert row["points"][-1][1] == scene.lag(f"g {topic}", topic) == 49


async def test_what_was_deleted_before_it_was_read_is_lost(scene: Scene, call: Call) -> None:
    topic = scene.topic(1)
    scene.put(topic, 20)
    scene.commit(f"slow {topic}", topic, {0: 5})
    for answer in list(scene.admin.delete_records([_at(topic, 0, 12)]).values()):
        answer.result(20)
    record = data(await call("inspect_queue", queue=topic))
    assert record["ready"] == 8
    assert record["details"]["groups"][0]["lost"] == 7


async def test_a_topic_made_again_leaves_commits_beyond_its_end(scene: Scene, call: Call) -> None:
    topic = scene.topic(1)
    scene.put(topic, 3)
    scene.commit(f"old {topic}", topic, {0: 500})
    record = data(await call("inspect_queue", queue=topic))
    assert record["ready"] == 0
    assert record["details"]["groups"][0]["ahead"] == 497
    warned = data(await call("inspect_broker"))["warnings"]
    assert any(w["code"] == "kafka_ahead" and topic in w["text"] for w in warned)


async def test_layout_settings_and_version_are_the_clusters(scene: Scene, call: Call) -> None:
    topic = scene.topic(2, retention_ms="3600000", cleanup_policy="compact")
    report = data(await call("inspect_broker"))
    assert report["version"] == "4.4"
    assert report["health"] == "ok"
    assert not [q for q in report["queues"] if q["name"].startswith("__consumer")]
    details = next(q["details"] for q in report["queues"] if q["name"] == topic)
    assert (details["partitions"], details["replication_factor"], details["under_replicated"]) == (2, 1, 0)
    assert (details["config"]["retention.ms"], details["config"]["cleanup.policy"]) == (3_600_000, "compact")
    assert details["topic_id"] == str(scene.admin.describe_topics(_topics(topic))[topic].result(20).topic_id)


async def test_names_of_any_kind(scene: Scene, call: Call) -> None:
    async with RealWorld(scene.server) as world:
        for name in world.hostile:
            await world.put(name, 4)
            record = data(await call("inspect_queue", queue=name))
            assert record["ready"] == (await world.counts(name))["ready"] == 4
        topic = scene.topic(1)
        scene.put(topic, 2)
        for group in HOSTILE_GROUPS:
            scene.commit(group, topic, {0: 1})
        rows = data(await call("inspect_queue", queue=topic))["details"]["groups"]
        assert {r["group"] for r in rows} == {clean(group) for group in HOSTILE_GROUPS}


def _at(topic: str, partition: int, offset: int) -> object:
    import confluent_kafka

    return confluent_kafka.TopicPartition(topic, partition, offset)


def _topics(*names: str) -> object:
    import confluent_kafka

    return confluent_kafka.TopicCollection(list(names))
