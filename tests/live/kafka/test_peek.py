"""A peek shows what lies there and leaves groups, offsets and topics alone."""

from __future__ import annotations

import gzip
import pickle

import pytest

from tests.live.kafka.conftest import Call, data
from tests.live.kafka.scene import Scene

pytestmark = pytest.mark.live


async def test_nothing_is_joined_committed_or_created(scene: Scene, call: Call) -> None:
    # Given
    topic = scene.topic(3)
    scene.put(topic, 9)
    scene.commit(f"g {topic}", topic, {0: 1})
    before = (set(scene.groups()), scene.offsets(f"g {topic}"), set(scene.admin.list_topics(timeout=10).topics))
    # When
    shown = data(await call("peek_messages", queue=topic, limit=4))["messages"]
    again = data(await call("peek_messages", queue=topic, limit=4))["messages"]
    # Then
    assert len(shown) == 4
    assert again == shown
    assert shown[0]["enqueued_at"].startswith("20")
    after = (set(scene.groups()), scene.offsets(f"g {topic}"), set(scene.admin.list_topics(timeout=10).topics))
    assert after == before


async def test_a_topic_that_is_not_there_is_not_made(scene: Scene, call: Call) -> None:
    for tool in ("inspect_queue", "peek_messages", "measure"):
        result = await call(tool, queue="no-such-topic")
        assert result.error is not None
        assert result.error.code == "unknown_queue"
    assert "no-such-topic" not in scene.admin.list_topics(timeout=10).topics


async def test_a_member_at_work_keeps_its_partitions(scene: Scene, call: Call) -> None:
    topic = scene.topic(1)
    scene.put(topic, 3)
    consumer = scene.consumer(f"busy {topic}", [topic])
    held = [(one.topic, one.partition) for one in consumer.assignment()]
    await call("peek_messages", queue=topic)
    consumer.poll(0.2)
    assert [(one.topic, one.partition) for one in consumer.assignment()] == held
    assert scene.groups()[f"busy {topic}"] == ("STABLE", 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"x" * 10_000_000, "[+"),
        (pickle.dumps({"a": 1}), "pickle"),
        (gzip.compress(b'{"n": 1}'), "gzip"),
        (b"\x00\xff\xfe" * 20, "binary"),
        (b"\x81\xa1n\xcd\x01\x00", "msgpack"),
        (b'{"n": [1,', '{"n": [1,'),
        (b'{"token": "abc123secret"}', "***"),
        (b"", ""),
    ],
)
async def test_any_body(scene: Scene, call: Call, body: bytes, words: str) -> None:
    topic = scene.topic(1, max_message_bytes="20000000")
    scene.put(topic, 1, body=body)
    (message,) = data(await call("peek_messages", queue=topic))["messages"]
    assert words in message["summary"]
    assert message["size_bytes"] == len(body)
    assert len(message["summary"]) < 600


async def test_aborted_transactions_leave_no_hole_that_hangs(scene: Scene, call: Call) -> None:
    import confluent_kafka

    topic = scene.topic(1)
    producer = confluent_kafka.Producer({**scene.settings, "transactional.id": f"tx {topic}"})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(topic, b'{"n": 1}')
    producer.commit_transaction(20)
    scene.commit(f"g {topic}", topic, {0: 1})
    # Only the marker of the transaction is left to read: one offset, no message
    record = data(await call("inspect_queue", queue=topic))
    assert record["ready"] == 1
    assert (await call("peek_messages", queue=topic)).status == "no_data"
