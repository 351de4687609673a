"""Partitions, replicas, skew, settings and names that hint at dead letters."""

from __future__ import annotations

from tests.tools.brokers.kafka.conftest import Read
from tools.reading import EvidenceBook


async def test_a_healthy_cluster_is_ok_and_tells_of_itself(read: Read) -> None:
    book = EvidenceBook()
    reading = await read(book, brokers=3, controller=2, topics={"t": {"replication_factor": 3}})
    assert (reading.health, reading.version) == ("ok", "4.4")
    said = {e.metric: e.value for e in book.items if e.subject == "main"}
    assert (said["broker.nodes"], said["broker.controller"], said["broker.topics"]) == (3, 2, 1)
    assert said["broker.cluster_id"] == "stub-cluster"
    assert [b["id"] for b in reading.facts["cluster"]["brokers"]] == [1, 2, 3]


async def test_fewer_replicas_in_sync_are_degraded(read: Read) -> None:
    partitions = [{"end": 1, "replicas": [1, 2, 3], "in_sync": [1]}, {"end": 1, "replicas": [1, 2, 3]}]
    topic = {"partitions": partitions, "config": {"min.insync.replicas": 2}}
    reading = await read(brokers=3, topics={"t": topic})
    details = reading.queues[0].details
    assert (details["under_replicated"], details["under_min_isr"], details["offline"]) == (1, 1, 0)
    assert reading.health == "degraded"


async def test_no_leader_anywhere_is_down(read: Read) -> None:
    reading = await read(topics={"t": {"partitions": [{"leader": None}]}})
    assert reading.health == "down"
    assert [n.key for n in reading.notices] == ["kafka_offline"]


async def test_a_cluster_without_topics_is_empty_and_complete(read: Read) -> None:
    reading = await read()
    assert (reading.queues, reading.health, reading.coverage.complete) == ([], "ok", True)


async def test_an_uneven_topic_shows_its_hot_partition(read: Read) -> None:
    partitions = [{"end": 10}, {"end": 900}, {"end": 90}]
    topics = {"t": {"partitions": partitions}}
    reading = await read(topics=topics, groups={"g": {"committed": {"t": {0: 10, 1: 890, 2: 50}}}})
    skew = reading.queues[0].details["skew"]
    assert skew == {"partition": 1, "share": 0.9, "lag_partition": 2, "lag_share": 0.8}


async def test_settings_are_numbers_where_they_are_numbers(read: Read) -> None:
    topic = {"config": {"retention.ms": 3_600_000, "cleanup.policy": "compact"}}
    config = (await read(topics={"t": topic})).queues[0].details["config"]
    assert (config["retention.ms"], config["cleanup.policy"]) == (3_600_000, "compact")
    assert config["max.message.bytes"] == 1_048_588


async def test_a_name_hints_at_dead_letters_and_counts_nothing(read: Read) -> None:
    topics = {"orders": {}, "orders.DLQ": {"messages": 4}, "other-dlq": {"messages": 9}}
    records = {r.name: r for r in (await read(topics=topics)).queues}
    assert records["orders"].details["dead_letter_hint"] == {"topic": "orders.DLQ", "retained": 4}
    assert "dead_letter_hint" not in records["other-dlq"].details
    assert records["orders"].dead is None


async def test_above_two_hundred_topics_only_the_largest_have_evidence(read: Read) -> None:
    book = EvidenceBook()
    topics = {f"t{n:03}": {"messages": n} for n in range(300)}
    groups = {"g": {"committed": {name: {0: 0} for name in topics}}}
    reading = await read(book, topics=topics, groups=groups)
    found = {e.subject: e.value for e in book.find("queue.ready")}
    assert len(reading.queues) == 300
    assert len(found) == 200
    assert min(v for v in found.values() if isinstance(v, int)) == 100
