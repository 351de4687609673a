"""A server that is suspended or ends while somebody reads it, and a cluster of many topics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

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


async def test_thousands_of_partitions_are_read_in_one_pass(own: KafkaServer, home: Path) -> None:
    scene = Scene(own)
    scene.topic(10, name="orders")
    scene.put("orders", 5)
    scene.commit("g", "orders", {0: 0})
    for first in range(0, 300, 50):
        wanted = [sdk.NewTopic(f"t{n}", 10, 1) for n in range(first, first + 50)]
        for answer in scene.admin.create_topics(wanted).values():
            answer.result(30)
    until(lambda: len(scene.admin.list_topics(timeout=20).topics) >= 301, "the broker knows of all topics")
    runner = Runner(configured_for(home, own.url))
    report = data(await runner.call("inspect_broker", {"target": "main"}))
    await runner.close()
    assert report["queues_total"] == 301
    assert report["coverage"]["complete"]
    assert (report["queues"][0]["name"], report["queues"][0]["ready"]) == ("orders", 5)
