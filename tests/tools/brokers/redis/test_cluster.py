"""A Cluster is read as one Redis: every primary, one reply per command, and what a missing node costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from evals.servers.redis import RedisCluster, run
from tools.brokers.redis import BROKER
from tools.brokers.redis.routing import slot_of
from tools.brokers.redis.session import failed
from tools.errors import AuthFailed, Unreachable, Unsupported
from tools.reading import EvidenceBook
from tools.targets import parse_target

from .conftest import Reader


@pytest.fixture
def client(cluster: RedisCluster) -> Iterator[redis.RedisCluster]:
    """Of an empty Cluster."""
    for server in cluster.servers:
        server.client().flushall()
    client = cluster.client()
    yield client
    client.close()


async def test_keys_of_all_primaries_are_found_and_counted(
    cluster: RedisCluster, client: redis.RedisCluster, read: Reader
) -> None:
    # Given lists and streams all over the slots
    for n in range(30):
        client.rpush(f"list {n}", *["x"] * (101 + n))
        client.xgroup_create(f"stream {n}", "g", id="0", mkstream=True)
        client.xadd(f"stream {n}", {"n": n})
    # When
    found = await read(cluster.url)
    # Then
    assert {name: record.ready for name, record in found.queues.items() if record.kind == "list"} == {
        f"list {n}": client.llen(f"list {n}") for n in range(30)
    }
    assert sum(record.ready or 0 for record in found.queues.values() if record.kind == "stream") == 30
    assert found.reading.coverage.complete
    assert found.reading.coverage.keys == found.reading.coverage.scanned == 60
    assert len(found.reading.facts["nodes"]) == 3
    assert found.reading.role == "master"
    assert "redis-cli -c LLEN" in str(found.book.find("list.length")[0].paste)


async def test_replies_come_in_the_order_of_the_commands(
    cluster: RedisCluster, client: redis.RedisCluster, read: Reader
) -> None:
    for n in range(50):
        client.rpush(f"q{n}", *range(n + 1))
    session = (await read(cluster.url)).session
    commands: list[Any] = [("LLEN", f"q{n}") for n in range(50)]
    commands.insert(20, ("DBSIZE",))
    commands.append(("EXISTS", "q1", "q2", "none"))
    replies = await session.run(*commands)
    assert replies.pop(20) == 50
    assert replies.pop() == 2
    assert replies == [n + 1 for n in range(50)]


async def test_a_scan_through_the_session_finds_every_key_once(
    cluster: RedisCluster, client: redis.RedisCluster, read: Reader
) -> None:
    for n in range(200):
        client.set(f"key {n}", n)
    session = (await read(cluster.url)).session
    names: list[bytes] = []
    cursor: Any = 0
    while not names or int(cursor):
        ((cursor, page),) = await session.run(("SCAN", cursor, "COUNT", 20))
        names += page
    assert sorted(names) == sorted(f"key {n}".encode() for n in range(200))


async def test_a_slot_that_moved_is_followed(cluster: RedisCluster, client: redis.RedisCluster, read: Reader) -> None:
    # Given a session that knows where the slot is
    session = (await read(cluster.url)).session
    slot = slot_of("moving")
    source = next(s for s, (low, high) in zip(cluster.servers, cluster.SLOTS, strict=True) if low <= slot <= high)
    other = next(s for s in cluster.servers if s is not source)
    assert await session.run(("LLEN", "moving")) == [0]
    # When it is given to another node
    cluster.move_slot(slot, source, other)
    run(other.client(), "RPUSH", "moving", 1, 2, 3)
    try:
        # Then the next call gets there, in the middle of a pipeline too
        assert await session.run(("PING",), ("LLEN", "moving"), ("LLEN", "none")) == [b"PONG", 3, 0]
    finally:
        run(other.client(), "DEL", "moving")
        cluster.move_slot(slot, other, source)


async def test_a_slot_on_its_way_is_asked_for_at_its_new_place(
    cluster: RedisCluster, client: redis.RedisCluster, read: Reader
) -> None:
    session = (await read(cluster.url)).session
    slot = slot_of("migrating")
    source = next(s for s, (low, high) in zip(cluster.servers, cluster.SLOTS, strict=True) if low <= slot <= high)
    other = next(s for s in cluster.servers if s is not source)
    run(other.client(), "CLUSTER", "SETSLOT", slot, "IMPORTING", run(source.client(), "CLUSTER", "MYID").decode())
    run(source.client(), "CLUSTER", "SETSLOT", slot, "MIGRATING", run(other.client(), "CLUSTER", "MYID").decode())
    try:
        with other.client(single_connection_client=True) as direct:
            direct.execute_command("ASKING")
            direct.execute_command("RPUSH", "migrating", 1, 2)
        assert await session.run(("LLEN", "migrating")) == [2]
    finally:
        cluster.move_slot(slot, source, source)
        run(source.client(), "CLUSTER", "SETSLOT", slot, "STABLE")
        run(other.client(), "CLUSTER", "SETSLOT", slot, "STABLE")


async def test_a_primary_that_is_gone_is_named_and_the_rest_is_read(read: Reader) -> None:
    with RedisCluster(program="valkey") as own:
        for server in own.servers:
            server.client().config_set("cluster-require-full-coverage", "no")
        for n in range(20):
            own.client().rpush(f"list {n}", *["x"] * 101)
        session = (await read(own.url)).session
        own.servers[2].crash()
        # When
        book = EvidenceBook()
        reading = await BROKER.read(session, book)
        replies = await session.run(*(("LLEN", f"list {n}") for n in range(20)))
    # Then what it had is missing, said and no 0
    assert reading.health != "ok"
    assert not reading.coverage.complete
    assert [gap.text.key for gap in reading.gaps if gap.field == "server"] == ["redis_node_unread"]
    lost = [reply for reply in replies if failed(reply)]
    assert 0 < len(lost) < 20
    assert {reply.code for reply in lost} == {"CLUSTERDOWN"}
    assert len(reading.queues) == 20 - len(lost)


async def test_one_node_alone_says_that_it_is_part_of_a_cluster(cluster: RedisCluster, read: Reader) -> None:
    found = await read(cluster.servers[0].url)
    assert [notice.key for notice in found.reading.notices] == ["redis_is_cluster"]


async def test_a_single_server_is_no_cluster(url: str, read: Reader) -> None:
    with pytest.raises(Unsupported) as caught:
        await read(url.replace("redis://", "redis+cluster://").removesuffix("/0"))
    assert caught.value.text == "redis_not_cluster"


async def test_wrong_credentials_are_said_and_not_shown(cluster: RedisCluster, read: Reader) -> None:
    with pytest.raises(AuthFailed) as caught:
        await read(cluster.url.replace("pw-of-cluster", "wr0ng"))
    assert "wr0ng" not in str(caught.value)


async def test_nobody_at_the_addresses_is_unreachable(read: Reader) -> None:
    with pytest.raises(Unreachable):
        await read("redis+cluster://127.0.0.1:1,127.0.0.1:2")


async def test_a_seed_that_is_down_does_no_harm(cluster: RedisCluster, read: Reader) -> None:
    url = cluster.url.replace("@", "@127.0.0.1:1,")
    assert (await read(url)).reading.health == "ok"


async def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(Unsupported) as caught:
        await BROKER.open(parse_target("main", "redis+cluster://127.0.0.1:7000/3", {}))
    assert caught.value.text == "redis_cluster_db"
