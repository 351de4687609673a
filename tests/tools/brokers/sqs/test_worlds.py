"""Both worlds of the contract suite: what was put is counted and peeked, whatever the queue is called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from evals.servers.sqs import SqsServer
from tests.live.sqs.world import RealWorld
from tests.tools.brokers.sqs.world import StubWorld


@pytest.fixture(params=[StubWorld, RealWorld])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[StubWorld | RealWorld]:
    if request.param is RealWorld:
        request.getfixturevalue("moto")  # skips where it is not installed
    async with request.param() as opened:
        yield opened


async def test_a_queue_of_any_allowed_name_is_found_with_its_counts(call: Any, world: StubWorld) -> None:
    for n, name in enumerate(world.hostile):
        await world.put(name, n + 1)
    result = await call(world.url, "inspect_broker")
    read = {q["name"]: {f: q[f] for f in ("ready", "in_flight", "scheduled")} for q in result.data["queues"]}
    assert read == {name: await world.counts(name) for name in world.hostile}


async def test_messages_are_peeked_and_stay(call: Any, world: StubWorld) -> None:
    await world.put("mail", 3)
    result = await call(world.url, "peek_messages", options={"peek": "true"}, queue="mail")
    assert len(result.data["messages"]) == 3
    assert (await world.counts("mail"))["ready"] == 3


async def test_a_name_that_is_none_is_told_with_the_nearest(call: Any, world: StubWorld) -> None:
    await world.put("mail", 1)
    result = await call(world.url, "inspect_queue", queue=world.empty_name)
    assert result.error.code == "unknown_queue"
    assert "mail" in result.error.hint


async def test_many_queues_are_read_in_one_bounded_pass(call: Any, server: SqsServer, sqs: Any) -> None:
    for n in range(120):
        sqs.create_queue(QueueName=f"q{n}")
    result = await call(server.url, "inspect_broker")
    assert (result.data["queues_total"], result.data["coverage"]["complete"]) == (120, True)
    assert all(q["ready"] == 0 for q in result.data["queues"])
