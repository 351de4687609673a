"""What a user may not see is said, never shown as nothing."""

from __future__ import annotations

import pytest

from tests.tools.brokers.rabbitmq.conftest import Read, gaps
from tools.errors import Forbidden

QUEUES = [{"name": "a", "vhost": "/", "ready": 1}, {"name": "b", "vhost": "shop", "ready": 2}]


async def test_a_user_without_a_tag_is_told_which_one_is_missing(read: Read) -> None:
    with pytest.raises(Forbidden) as caught:
        await read({"tags": []})
    assert caught.value.text == "rabbitmq_no_tag"


async def test_a_user_without_the_monitoring_tag_sees_queues_and_alarms_but_no_nodes(read: Read) -> None:
    node = {"disk_alarm": True}
    reading = await read({"tags": ["management"], "queues": QUEUES, "nodes": [node]})
    assert [record.ready for record in reading.queues] == [1, 2]
    assert (reading.memory.used_bytes, reading.facts["nodes"]) == (None, None)
    assert gaps(reading, "memory") == {None: "rabbitmq_nodes_refused"}
    assert reading.facts["alarms"] == [{"node": "rabbit@stub", "resource": "disk"}]
    assert reading.health == "degraded"


async def test_queues_of_a_virtual_host_without_permission_are_known_to_be_missing(read: Read) -> None:
    reading = await read({"tags": ["monitoring"], "queues": QUEUES, "hidden_vhosts": ["shop"]})
    assert [record.name for record in reading.queues] == ["a"]
    assert (reading.coverage.keys, reading.coverage.scanned, reading.coverage.complete) == (2, 1, False)
    (gap,) = [g for g in reading.gaps if g.field == "queues"]
    assert (gap.at.namespace, gap.text.key) == ("shop", "rabbitmq_vhost_refused")


async def test_an_empty_virtual_host_hides_nothing(read: Read) -> None:
    reading = await read({"tags": ["monitoring"], "queues": QUEUES, "vhosts": {"empty": "running"}})
    assert reading.coverage.complete
