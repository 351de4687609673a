"""Lag: over all partitions, never negative, and without what retention took away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.brokers.kafka.conftest import Read
from tools.brokers.kafka.lag import lag_of, logs_of, worst_of
from tools.brokers.kafka.session import Partition
from tools.brokers.kafka.stub import stub_session
from tools.brokers.kafka.survey import survey
from tools.reading import EvidenceBook
from tools.targets import Target

HERE = Partition(1, (1,), (1,))


def group(reading: Any, name: str, topic: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = next(g for g in reading.queues[topic].details["groups"] if g["group"] == name)
    return found


async def test_a_partition_without_a_commit_counts_from_the_start_of_its_log(read: Read) -> None:
    # Given two of three partitions with a commit, and a log that begins at 5
    topics = {"orders": {"partitions": 3, "messages": 30, "start": 5}}
    # When
    reading = await read(topics=topics, groups={"billing": {"committed": {"orders": {0: 13, 1: 15}}}})
    # Then
    assert reading.queues[0].ready == 2 + 0 + 10
    assert group(reading, "billing")["uncommitted_partitions"] == 1


async def test_the_largest_group_is_the_depth_of_the_topic(read: Read) -> None:
    groups = {"a": {"lag": {"orders": 3}}, "b": {"lag": {"orders": 70}}}
    reading = await read(topics={"orders": {"partitions": 4, "messages": 100}}, groups=groups)
    assert reading.queues[0].ready == 70
    assert reading.queues[0].details["largest_group"] == "b"
    assert [g["group"] for g in reading.queues[0].details["groups"]] == ["b", "a"]


async def test_a_commit_beyond_the_end_is_no_negative_lag_and_said_so(read: Read) -> None:
    topics = {"orders": {"partitions": 2, "messages": 20}}
    reading = await read(topics=topics, groups={"g": {"committed": {"orders": {0: 500, 1: 4}}}})
    assert reading.queues[0].ready == 6
    assert group(reading, "g")["ahead"] == 490
    assert [n.key for n in reading.notices] == ["kafka_ahead"]


async def test_what_retention_removed_is_lost_and_does_not_wait(read: Read) -> None:
    topics = {"orders": {"partitions": [{"start": 80, "end": 100}]}}
    reading = await read(topics=topics, groups={"g": {"committed": {"orders": {0: 30}}}})
    assert reading.queues[0].ready == 20
    assert group(reading, "g")["lost"] == 50
    assert [(n.key, n.facts["count"]) for n in reading.notices] == [("kafka_lost", 50)]


async def test_a_topic_without_a_group_has_an_unknown_depth_and_a_known_log(read: Read) -> None:
    reading = await read(topics={"orders": {"messages": 7}})
    assert reading.queues[0].ready is None
    assert reading.queues[0].details["retained"] == 7
    assert any(g.field == "ready" and g.at.queue == "orders" and g.text.key == "kafka_no_group" for g in reading.gaps)


async def test_an_offline_partition_makes_the_lag_unknown_and_tells_the_known_part(read: Read) -> None:
    partitions = [{"end": 10, "leader": None}, {"end": 10}]
    book = EvidenceBook()
    reading = await read(
        book, topics={"orders": {"partitions": partitions}}, groups={"g": {"committed": {"orders": {0: 1, 1: 4}}}}
    )
    assert reading.queues[0].ready is None
    assert group(reading, "g")["lag_known"] == 6
    assert not book.find("queue.ready")


async def test_a_group_that_came_further_while_the_ends_were_read_is_not_ahead(target: Target) -> None:
    # Given: the first answer about the ends is older than the commits
    session = stub_session(target, {"topics": {"t": {"messages": 10}}, "groups": {"g": {"committed": {"t": {0: 10}}}}})
    real, asked = session.ask.offsets, []

    async def late(spots: Any, at: Any) -> Any:
        found = await real(spots, at)
        asked.append(at)
        return dict.fromkeys(found, 8) if at == "end" and asked.count("end") == 1 else found

    session.ask.offsets = late  # type: ignore[method-assign]
    # When
    from tools.brokers.kafka import BROKER

    reading = await BROKER.read(session, EvidenceBook())
    # Then
    assert reading.notices == []
    assert reading.queues[0].ready == 0


async def test_progress_between_two_readings_is_arrivals_and_completions(target: Target) -> None:
    now = [100.0]
    document = {
        "topics": {"t": {"partitions": 2, "messages": 100, "growth_per_s": 10}},
        "groups": {"g": {"lag": {"t": 50}, "completes_per_s": {"t": 4}}},
    }
    session = stub_session(target, document, lambda: now[0])
    from tools.brokers.kafka import BROKER

    before = await BROKER.read(session, EvidenceBook())
    now[0] += 10
    after = await BROKER.read(session, EvidenceBook())
    first, last = before.counters["t"], after.counters["t"]
    assert last.epoch == first.epoch
    assert (last.arrived or 0) - (first.arrived or 0) == 100
    assert (last.completed or 0) - (first.completed or 0) == 40
    assert await BROKER.depths(session, before, before.queues) == {"t": 110}


@pytest.mark.parametrize("commits", [{}, {0: 3}, {0: 3, 1: 25, 2: 0}, {0: 0, 1: 0, 2: 0}, {7: 100}])
def test_the_worst_partitions_add_up_to_the_lag(commits: dict[int, int]) -> None:
    starts, ends = {("t", 0): 2, ("t", 1): 20, ("t", 2): 0}, {("t", 0): 9, ("t", 1): 21, ("t", 2): 0}
    logs = logs_of("t", dict.fromkeys(range(3), HERE), starts, ends)
    assert sum(p.lag for p in worst_of(logs, commits, 10)) == lag_of(logs, commits).lag


async def test_kafkas_own_topics_are_left_out(target: Target) -> None:
    topics = {"__consumer_offsets": {}, "__newer": {"internal": True}, "__mine": {}}
    found = await survey(stub_session(target, {"topics": topics}))
    assert list(found.partitions) == ["__mine"]
    assert found.internal_topics == 2
