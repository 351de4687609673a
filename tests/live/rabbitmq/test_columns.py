"""RabbitMQ leaves unknown columns out without a word: every one that is asked for must be seen in an answer."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from amqp import Connection

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tools.brokers.rabbitmq import columns

pytestmark = pytest.mark.live


def seen(rows: list[dict[str, Any]], column: str) -> bool:
    """Whether any row holds the column; dots lead into objects."""
    found: list[Any] = list(rows)
    for part in column.split("."):
        found = [value[part] for value in found if isinstance(value, dict) and part in value]
    return bool(found)


async def test_every_column_that_is_asked_for_exists(server: RabbitServer, vhost: str) -> None:
    # Given queues of each kind with traffic, a consumer, and policies
    place = quote(vhost, safe="")
    policy = {"pattern": "mail", "definition": {"max-length": 5}}
    server.api("PUT", f"/api/policies/{place}/short", policy)
    server.api("PUT", f"/api/operator-policies/{place}/op", policy)
    named = {"connection_name": "a worker", "product_version": "1"}
    connection = Connection(
        f"127.0.0.1:{server.port}", server.user, server.password, virtual_host=vhost, client_properties=named
    )
    async with amqp.channel_of(server, vhost, prefetch=1) as channel:
        await asyncio.to_thread(connection.connect)
        for kind in ("classic", "quorum", "stream"):
            await amqp.declare(channel, kind, {"x-queue-type": kind})
        queue = await amqp.declare(channel, "mail", {"x-max-priority": 1})
        await amqp.publish(channel, "mail", amqp.numbered(5))
        message = await queue.get()
        await message.reject(requeue=True)
        await queue.consume(amqp.hold)
        await channel.set_qos(1)
        asked = {
            "/api/nodes": columns.NODES,
            f"/api/queues/{place}": columns.QUEUE,
            f"/api/consumers/{place}": columns.CONSUMERS,
            "/api/channels": columns.CHANNELS,
            "/api/connections": columns.CONNECTIONS,
            f"/api/operator-policies/{place}": columns.POLICIES,
            f"/api/policies/{place}": columns.POLICIES,
            "/api/vhosts": columns.VHOSTS,
            f"/api/exchanges/{place}": columns.EXCHANGE,
            f"/api/exchanges/{place}//bindings/source": columns.BINDINGS,
        }

        async def all_there() -> bool:
            missing = {
                (path, column)
                for path, wanted in asked.items()
                for column in wanted
                if not seen(server.api("GET", path), column)
            }
            missing |= {
                ("overview", column)
                for column in columns.OVERVIEW
                if not seen([server.api("GET", "/api/overview")], column)
            }
            all_there.missing = missing  # type: ignore[attr-defined]
            # Maintenance mode shows from 3.11 on.
            return missing <= {("/api/nodes", "being_drained")}

        try:
            await amqp.until(all_there)
        except AssertionError:
            pytest.fail(f"not in any answer: {sorted(all_there.missing)}")  # type: ignore[attr-defined]
        finally:
            await asyncio.to_thread(connection.close)


async def test_narrowed_to_the_columns_the_server_answers_with_the_same_values(
    server: RabbitServer, vhost: str
) -> None:
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail", {"x-max-length": 7})
    wanted = ",".join(columns.QUEUE)
    rows = server.api("GET", f"/api/queues/{quote(vhost, safe='')}?page=1&page_size=500&columns={wanted}")["items"]
    assert columns.absent(rows, columns.QUEUE_ALWAYS) == []
    assert rows[0]["arguments"] == {"x-max-length": 7}
    assert columns.absent([{"name": "a"}], ("name", "bogus")) == ["bogus"]
