"""Publishing, consuming and declaring as applications do (aio-pika), and the numbers of RabbitMQ's own client."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel
from amqp import Connection
from amqp.basic_message import Message

from evals.servers.rabbitmq import RabbitServer

WAIT_S = 20.0


@asynccontextmanager
async def channel_of(server: RabbitServer, vhost: str = "/", prefetch: int = 0) -> AsyncIterator[AbstractChannel]:
    """An open channel, with publisher confirms."""
    connection = await aio_pika.connect(
        host="127.0.0.1", port=server.port, login=server.user, password=server.password, virtualhost=vhost
    )
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=prefetch)
        yield channel


async def declare(
    channel: AbstractChannel, name: str, arguments: Mapping[str, Any] | None = None, *, durable: bool = True
) -> aio_pika.abc.AbstractQueue:
    """A queue that stays."""
    return await channel.declare_queue(name, durable=durable, arguments=dict(arguments or {}))


async def publish(channel: AbstractChannel, queue: str, bodies: list[bytes], **properties: Any) -> None:
    """Messages by the default exchange; returns when the broker confirmed them."""
    for body in bodies:
        await channel.default_exchange.publish(aio_pika.Message(body, **properties), routing_key=queue)


def put(server: RabbitServer, name: str, count: int, vhost: str = "/") -> None:
    """A queue with that many small messages. By py-amqp, for aio-pika refuses most names that RabbitMQ takes."""
    with Connection(
        f"127.0.0.1:{server.port}",
        userid=server.user,
        password=server.password,
        virtual_host=vhost,
        confirm_publish=True,
    ) as connection:
        channel = connection.channel()
        channel.queue_declare(name, durable=True, auto_delete=False)
        for body in numbered(count):
            channel.basic_publish(Message(body, content_type="application/json"), routing_key=name)


def asked(server: RabbitServer, name: str, vhost: str = "/") -> dict[str, int]:
    """What the queue itself answers to a passive declaration: exact, at once, and whatever its name holds.

    (`rabbitmqctl --formatter json` of 3.10 writes the escape character of a name as another one.)
    """
    with Connection(f"127.0.0.1:{server.port}", server.user, server.password, virtual_host=vhost) as connection:
        answer = connection.channel().queue_declare(name, passive=True)
    return {"ready": answer.message_count, "consumers": answer.consumer_count}


async def hold(_message: object) -> None:
    """A consumer that never acknowledges."""


def numbered(count: int) -> list[bytes]:
    """Small JSON messages."""
    return [json.dumps({"n": n}).encode() for n in range(count)]


def counts_of(server: RabbitServer, queue: str, vhost: str = "/") -> dict[str, int]:
    """What `rabbitmqctl list_queues` says of one queue: the node's own numbers, not those of the HTTP API."""
    columns = ("name", "messages_ready", "messages_unacknowledged", "consumers")
    rows = json.loads(server.ctl("list_queues", "-p", vhost, "--formatter", "json", *columns))
    row = next(row for row in rows if row["name"] == queue)
    return {"ready": row["messages_ready"], "in_flight": row["messages_unacknowledged"], "consumers": row["consumers"]}


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    """What a check gives once it is true; RabbitMQ's statistics lag by up to their interval."""
    deadline = time.monotonic() + WAIT_S
    while not (found := await check()):
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.1)
    return found
