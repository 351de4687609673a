"""A server that is suspended or ends while somebody reads it, and a cluster of many topics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import confluent_kafka as ck
import pytest

from evals.servers.kafka import KafkaServer
from tests.live.kafka.conftest import configured_for, data, started
from tests.live.kafka.scene import Scene, sdk, until
from tools.runner import Runner

pytestmark = pytest.mark.live


@pytest.fixture
def own() -> Iterator[KafkaServer]:
    running = started()
    yield running
    running.stop()


async def test_suspended_it_times_out_resumed_it_answers_ended_it_is_gone(own: KafkaServer, home: Path) -> None:
    Scene(own).topic(1, name="orders")
    runner = Runner(configured_for(home, own.url))
    assert len(data(await runner.call("inspect_broker", {"target": "main"}))["queues"]) == 1
    own.pause()
    suspended = await runner.call("inspect_broker", {"target": "main"})
    own.resume()
    resumed = await runner.call("inspect_broker", {"target": "main"})
    own.stop()
    ended = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert suspended.error is not None
    assert suspended.error.code == "timeout"
    assert resumed.status == "ok"
    assert ended.error is not None
    assert ended.error.code == "unreachable"


async def test_a_thousand_partitions_and_twenty_groups_are_read_in_one_pass(own: KafkaServer, home: Path) -> None:
    # Given
    scene = Scene(own)
    names = [f"t{n}" for n in range(100)]
    for first in range(0, 100, 50):
        wanted = [sdk.NewTopic(name, 10, 1) for name in names[first : first + 50]]
        for answer in scene.admin.create_topics(wanted).values():
            answer.result(30)
    until(lambda: scene.ends(ck.TopicPartition(name, n) for name in names for n in range(10)), "all logs are open", 60)
    scene.put("t7", 5)
    for group in range(20):
        scene.commit(f"g{group}", "t7", dict.fromkeys(range(9), 0))
    # When
    runner = Runner(configured_for(home, own.url))
    report = data(await runner.call("inspect_broker", {"target": "main"}))
    await runner.close()
    # Then
    assert report["queues_total"] == 100
    assert report["coverage"]["complete"]
    assert (report["queues"][0]["name"], report["queues"][0]["ready"]) == ("t7", scene.lag("g0", "t7")) == ("t7", 5)
    assert report["queues"][0]["details"]["groups_total"] == 20
