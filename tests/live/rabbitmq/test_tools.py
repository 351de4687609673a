"""The tools on a real server, as a user calls them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tools.config import load_config
from tools.runner import Runner

pytestmark = pytest.mark.live


@pytest.fixture
def runner(server: RabbitServer, vhost: str, tmp_path: Path) -> Runner:
    """A target of the whole server."""
    file = tmp_path / "q.toml"
    file.write_text(f'[targets.main]\nurl = "{server.url[:-3]}"\nmanagement_url = "{server.management_url}"\n')
    return Runner(load_config(config_path=file, environ={"QUEUEWRIGHT_HOME": str(tmp_path / "home")}))


async def test_measure_counts_what_arrives_and_what_is_acknowledged(
    server: RabbitServer, vhost: str, runner: Runner
) -> None:
    # Given a queue that grows by ten a second while five a second are done
    async with amqp.channel_of(server, vhost, prefetch=1) as channel, amqp.channel_of(server, vhost) as sender:
        queue = await amqp.declare(channel, "mail")
        await amqp.publish(sender, "mail", amqp.numbered(50))

        async def send() -> None:
            while True:
                await amqp.publish(sender, "mail", amqp.numbered(1))
                await asyncio.sleep(0.1)

        async def work() -> None:
            while True:
                message = await queue.get()
                await message.ack()
                await asyncio.sleep(0.2)

        tasks = [asyncio.ensure_future(one()) for one in (send, work)]
        await asyncio.sleep(2)
        # When
        try:
            result = await runner.call("measure", {"target": "main", "queue": "mail", "seconds": 10})
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await runner.close()
    # Then
    assert result.data is not None
    (row,) = result.data["queues"]
    assert row["arrival_per_s"] == pytest.approx(9, abs=3)
    assert row["completion_per_s"] == pytest.approx(4.5, abs=2)
    assert row["trend"] == "growing"


async def test_inspect_and_peek_name_the_virtual_host_and_leak_no_password(
    server: RabbitServer, vhost: str, runner: Runner
) -> None:
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail")
    await amqp.until(lambda: _ready(runner, vhost, 0))
    arguments: dict[str, Any] = {"target": "main", "queue": "mail", "namespace": vhost}
    found = await runner.call("inspect_queue", arguments)
    peeked = await runner.call("peek_messages", arguments)
    whole = await runner.call("inspect_broker", {"target": "main"})
    await runner.close()
    assert found.data is not None
    assert (found.data["name"], found.data["namespace"], found.data["ready"]) == ("mail", vhost, 0)
    assert peeked.error is not None
    assert (peeked.error.code, "peek = true" in str(peeked.error.hint)) == ("unsupported", True)
    assert whole.status == "ok"
    assert server.password not in json.dumps([found.model_dump(), peeked.model_dump(), whole.model_dump()])


async def _ready(runner: Runner, vhost: str, ready: int | None = None) -> bool:
    """Whether the server has counted the queue, with that number where one is given."""
    result = await runner.call("inspect_queue", {"target": "main", "queue": "mail", "namespace": vhost})
    found = (result.data or {}).get("ready")
    return found is not None and ready in (None, found)
