"""The real client against the light stand-in: the same numbers as the library's own client reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evals.servers import ServerMissing
from evals.servers.kafka import LightKafka
from tools.config import Config
from tools.runner import Runner

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def light() -> Iterator[LightKafka]:
    try:
        server = LightKafka().__enter__()
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def orders(light: LightKafka) -> dict[str, Any]:
    """A topic of three partitions with 18 messages, of which a group has read some of two."""
    from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined, unused-ignore]

    settings = {"bootstrap.servers": light.bootstrap, "log_level": 0}
    admin, producer = AdminClient(settings), Producer(settings)
    admin.create_topics([NewTopic("orders", 3, 1)])["orders"].result(10)
    for n in range(18):
        producer.produce("orders", f'{{"n": {n}}}'.encode(), partition=n % 3)
    assert producer.flush(10) == 0
    read = ConsumerGroupTopicPartitions("billing", [TopicPartition("orders", 0, 4), TopicPartition("orders", 1, 6)])
    admin.alter_consumer_group_offsets([read])["billing"].result(10)
    return {"ready": 18 - 4 - 6}


async def test_lag_and_messages_are_read_with_the_real_client(
    light: LightKafka, orders: dict[str, Any], configured: Callable[..., Config]
) -> None:
    runner = Runner(configured(main=light.url))
    record = await runner.call("inspect_queue", {"target": "main", "queue": "orders"})
    messages = await runner.call("peek_messages", {"target": "main", "queue": "orders", "limit": 3})
    again = await runner.call("inspect_queue", {"target": "main", "queue": "orders"})
    await runner.close()
    assert record.data is not None
    assert messages.data is not None
    assert again.data is not None
    assert record.data["ready"] == orders["ready"]
    assert {m["id"] for m in messages.data["messages"]} == {"2/0", "0/4", "2/1"}
    assert again.data["ready"] == record.data["ready"]
