"""Fail-over by Debian's sentinels, and slots that move between Debian's nodes."""

from __future__ import annotations

import pytest

from evals.servers.redis import RedisCluster, RedisSentinel, run
from tests.live.redis.conftest import Read
from tools.brokers.redis.routing import slot_of
from tools.errors import Unreachable

pytestmark = pytest.mark.live


async def test_the_new_primary_is_found_on_the_next_call(group: RedisSentinel, read: Read) -> None:
    session, _ = await read(group.url)
    before = group.primary()
    # When it is told to hand over, and then when it dies
    for step in (group.fail_over, lambda: _crash(group)):
        step()
        now = group.primary()
        with now.client() as client:
            client.rpush("written", 1)
            length = client.llen("written")
        assert await session.run(("LLEN", "written")) == [length]
        assert session.target.port == now.port
    assert before in group.data


async def test_while_nobody_took_over_it_is_unreachable(group: RedisSentinel, read: Read) -> None:
    session, _ = await read(group.url)
    group.primary().crash()
    with pytest.raises(Unreachable):
        await session.run(("PING",))


async def test_a_slot_that_moved_is_found(cluster: RedisCluster, read: Read) -> None:
    session, _ = await read(cluster.url)
    slot = slot_of("moving")
    source = next(s for s, (low, high) in zip(cluster.servers, cluster.SLOTS, strict=True) if low <= slot <= high)
    other = next(s for s in cluster.servers if s is not source)
    cluster.move_slot(slot, source, other)
    run(other.client(), "RPUSH", "moving", 1, 2, 3)
    try:
        assert await session.run(("LLEN", "moving"), ("DBSIZE",)) == [
            3,
            sum(s.client().dbsize() for s in cluster.servers),
        ]
    finally:
        run(other.client(), "DEL", "moving")
        cluster.move_slot(slot, other, source)


def _crash(group: RedisSentinel) -> None:
    before = group.primary()
    before.crash()
    group.wait_for_another(before)
