"""Who consumes, what is being handed out, and what may not be seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.brokers.kafka.conftest import Read
from tools.brokers.kafka import survey as asking
from tools.reading import EvidenceBook

ORDERS = {"orders": {"partitions": 4, "messages": 40}}


async def test_members_with_a_partition_of_the_topic_are_its_consumers(read: Read) -> None:
    members = [
        {"client_id": "a", "assigned": {"orders": [0, 1]}},
        {"client_id": "b", "assigned": {"orders": [2]}},
        {"client_id": "c", "assigned": {}},
    ]
    book = EvidenceBook()
    reading = await read(book, topics=ORDERS, groups={"g": {"members": members, "lag": {"orders": 4}}})
    row = reading.queues[0].details["groups"][0]
    assert (reading.queues[0].consumers, row["members"], row["assigned"]) == (2, 3, 2)
    assert row["unassigned_partitions"] == 1
    assert reading.consumers["orders"].confidence == "fact"
    assert book.find("queue.consumers", "main/orders")[0].value == 2


async def test_a_group_without_members_is_nobody_as_a_fact(read: Read) -> None:
    reading = await read(topics=ORDERS, groups={"g": {"lag": {"orders": 4}}})
    assert reading.queues[0].details["groups"][0]["state"] == "Empty"
    assert reading.consumers["orders"].count == 0
    assert reading.consumers["orders"].confidence == "fact"


async def test_a_topic_without_a_group_has_nobody_only_as_far_as_can_be_seen(read: Read) -> None:
    reading = await read(topics=ORDERS)
    assert reading.consumers["orders"].confidence == "hypothesis"


async def test_a_rebalance_is_seen_and_its_members_count(read: Read) -> None:
    groups = {"g": {"state": "PreparingRebalance", "members": 3, "lag": {"orders": 4}}}
    reading = await read(topics=ORDERS, groups=groups)
    row = reading.queues[0].details["groups"][0]
    assert row["rebalancing"] is True
    assert row["unassigned_partitions"] is None
    assert reading.queues[0].consumers == 3
    assert reading.consumers["orders"].confidence == "hypothesis"


async def test_a_group_that_has_committed_nothing_yet_is_on_the_topics_that_it_holds(read: Read) -> None:
    groups = {"new": {"members": [{"assigned": {"orders": [0, 1, 2, 3]}}]}}
    reading = await read(topics=ORDERS, groups=groups)
    assert reading.queues[0].ready == 40
    assert reading.queues[0].consumers == 1


@pytest.mark.parametrize(
    ("document", "field", "key"),
    [
        ({"deny": ["configs"]}, "details.config", "kafka_configs_unread"),
        ({"deny": ["topics"]}, "details.topic_id", "kafka_topics_unread"),
        ({"deny": ["offsets"]}, "details.retained", "kafka_offsets_unread"),
        ({"deny": ["groups"]}, "groups", "kafka_groups_unread"),
        ({"deny": ["described"]}, "groups.members", "kafka_described_unread"),
        ({"deny": ["committed"]}, "groups.lag", "kafka_committed_unread"),
        ({"rights": ["DESCRIBE_CONFIGS"]}, "groups", "kafka_groups_hidden"),
        ({"rights": None, "deny": ["acls"]}, "groups", "kafka_groups_hidden"),
        ({"version": None}, "version", "kafka_version"),
    ],
)
async def test_what_is_refused_is_unknown_and_names_the_permission(
    read: Read, document: dict[str, Any], field: str, key: str
) -> None:
    reading = await read(topics=ORDERS, groups={"g": {"lag": {"orders": 4}, "members": 1}}, **document)
    assert (field, key) in {(gap.field, gap.text.key) for gap in reading.gaps}
    assert reading.queues[0].name == "orders"


@pytest.mark.parametrize("refused", ["groups", "described", "committed"])
async def test_nothing_is_complete_while_groups_are_unread(read: Read, refused: str) -> None:
    reading = await read(topics=ORDERS, groups={"g": {"lag": {"orders": 4}}}, deny=[refused])
    assert not reading.coverage.complete
    assert reading.queues[0].consumers is None or refused == "committed"
    assert reading.queues[0].ready is None or refused == "described"


async def test_hidden_groups_leave_depth_and_consumers_unknown(read: Read) -> None:
    reading = await read(topics=ORDERS, rights=["DESCRIBE_CONFIGS"])
    assert (reading.queues[0].ready, reading.queues[0].consumers) == (None, None)
    assert not reading.coverage.complete
    assert "kafka_groups_unknown" in {gap.text.key for gap in reading.gaps}


async def test_a_user_of_few_rights_is_told_that_topics_may_be_missing(read: Read) -> None:
    reading = await read(topics=ORDERS, rights=["DESCRIBE", "DESCRIBE_CONFIGS"])
    assert [n.key for n in reading.notices] == ["kafka_limited_user"]
    assert reading.coverage.complete


async def test_beyond_the_caps_the_rest_is_left_out_and_said(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_TOPICS", 3)
    monkeypatch.setattr(asking, "MOST_GROUPS", 2)
    reading = await read(topics={f"t{n}": {} for n in range(9)}, groups={f"g{n}": {} for n in range(5)})
    assert len(reading.queues) == 3
    assert not reading.coverage.complete
    assert {n.key: n.facts["total"] for n in reading.notices} == {"kafka_topics_capped": 9, "kafka_groups_capped": 5}
