"""Dead letters of a real server are found where the setting leads, and peeking leaves them there."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read
from tools.brokers.rabbitmq import BROKER
from tools.errors import Unsupported
from tools.reading import BrokerReading, Peek

pytestmark = pytest.mark.live


@pytest.mark.parametrize("by", ["argument", "policy"])
async def test_rejected_messages_lie_in_the_queue_behind_a_topic_exchange(
    server: RabbitServer, vhost: str, opened: Open, by: str
) -> None:
    # Given
    session = await opened(vhost, peek=True)
    setting = {"dead-letter-exchange": "dlx é/1", "dead-letter-routing-key": "mail.failed"}
    async with amqp.channel_of(server, vhost) as channel:
        place = quote(vhost, safe="")
        server.api("PUT", f"/api/exchanges/{place}/{quote('dlx é/1', safe='')}", {"type": "topic"})
        await amqp.declare(channel, "grave")
        binding = f"/api/bindings/{place}/e/{quote('dlx é/1', safe='')}/q/grave"
        server.api("POST", binding, {"routing_key": "*.failed"})
        if by == "policy":
            server.api(
                "PUT", f"/api/policies/{place}/dead", {"pattern": "^mail$", "definition": setting, "apply-to": "queues"}
            )
        queue = await amqp.declare(
            channel, "mail", {f"x-{k}": v for k, v in setting.items()} if by == "argument" else {}
        )
        await amqp.publish(channel, "mail", amqp.numbered(3))
        for _ in range(2):
            message = await queue.get()
            await message.reject(requeue=False)

    # When
    async def counted() -> BrokerReading | None:
        reading = await read(session)
        dead = {record.name: record.dead for record in reading.queues}
        return reading if dead.get("mail") == 2 else None

    reading = await amqp.until(counted)
    # Then
    mail = next(record for record in reading.queues if record.name == "mail")
    assert mail.details["dead_letter"] == {
        "exchange": "dlx é/1", "routing_key": "mail.failed", "by": by, "queues": [f"{vhost}/grave"], "queue": "grave",
    }  # fmt: skip
    assert amqp.counts_of(server, "grave", vhost)["ready"] == 2
    # And looking at them tells why they died, and leaves them where they are
    messages = await BROKER.peek(session, reading, Peek("mail", "dead", 5))
    assert [m.summary.split("}")[0] for m in messages] == ['{"n": 0', '{"n": 1']
    assert '"reason": "rejected"' in messages[0].summary
    assert amqp.counts_of(server, "grave", vhost) == {"ready": 2, "in_flight": 0, "consumers": 0}


async def test_an_exchange_that_does_not_exist_drops_dead_letters(
    server: RabbitServer, vhost: str, opened: Open
) -> None:
    session = await opened(vhost)
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail", {"x-dead-letter-exchange": "nowhere"})
    (record,) = (await read(session)).queues
    assert record.details["dead_letter"]["problem"] == "exchange_missing"
    assert record.dead is None


async def test_peeking_keeps_order_and_marks_messages_as_redelivered(
    server: RabbitServer, vhost: str, opened: Open
) -> None:
    async with amqp.channel_of(server, vhost) as channel:
        queue = await amqp.declare(channel, "mail")
        await amqp.publish(channel, "mail", amqp.numbered(3), message_id="x", content_type="application/json")
        shy = await opened(vhost)
        with pytest.raises(Unsupported):
            await BROKER.peek(shy, await read(shy), Peek("mail", "ready", 2))
        session = await opened(vhost, peek=True)
        messages = await BROKER.peek(session, await read(session), Peek("mail", "ready", 2))
        assert [m.id for m in messages] == ["x", "x"]
        taken = [await queue.get() for _ in range(3)]
    assert [(m.body, m.redelivered) for m in taken] == [(b'{"n": 0}', True), (b'{"n": 1}', True), (b'{"n": 2}', False)]


async def test_streams_and_limited_quorum_queues_are_never_peeked(
    server: RabbitServer, vhost: str, opened: Open
) -> None:
    session = await opened(vhost, peek=True)
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "events", {"x-queue-type": "stream"})
        await amqp.declare(channel, "orders", {"x-queue-type": "quorum", "x-delivery-limit": 2})
    reading = await read(session)
    for name, reason in (("events", "rabbitmq_peek_stream"), ("orders", "rabbitmq_peek_limit")):
        with pytest.raises(Unsupported) as caught:
            await BROKER.peek(session, reading, Peek(name, "ready", 1))
        assert caught.value.text == reason
