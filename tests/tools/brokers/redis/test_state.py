"""What the server says of itself: persistence, replication, connections, and what was slow, without what is secret."""

from __future__ import annotations

import pytest
import redis

from tools.brokers.redis.info import merged

from .conftest import Reader


async def test_slow_commands_are_told_with_their_first_argument_alone(
    valkey: redis.Redis, url: str, read: Reader
) -> None:
    valkey.config_set("slowlog-log-slower-than", 0)
    valkey.slowlog_reset()
    valkey.hset("session:7", mapping={"password": "hunter2", "card": "4111111111111111"})
    valkey.config_set("slowlog-log-slower-than", 10_000)
    found = await read(url)
    log = found.reading.facts["slow_log"]
    entry = next(e for e in log if e["command"].startswith("HSET"))
    assert (entry["command"], entry["arguments"]) == ("HSET session:7", 4)
    assert "hunter2" not in str(log)
    assert found.fact("broker.slowest_command_ms") == max(e["ms"] for e in log)


async def test_connections_are_told_by_name_and_by_what_they_wait_in(
    valkey: redis.Redis, url: str, read: Reader, valkey_server: object
) -> None:
    port = url.rpartition(":")[2].partition("/")[0]
    named = redis.Redis(port=int(port), client_name="shop-worker", single_connection_client=True)
    blocked = redis.Redis(port=int(port), client_name="shop-worker", single_connection_client=True)
    blocked.ping()
    named.ping()
    blocked.connection.send_command("BLPOP", "nothing", 30)
    try:
        for _ in range(200):
            if valkey.info("clients")["blocked_clients"]:
                break
        found = await read(url)
    finally:
        named.close()
        blocked.connection.disconnect()
        blocked.close()
    assert found.reading.facts["clients_by_name"]["shop-worker"] == 2
    assert found.reading.facts["blocked_by_command"] == {"blpop": 1}
    assert found.fact("broker.blocked_clients") == 1


async def test_persistence_and_replication_are_facts(valkey: redis.Redis, url: str, read: Reader) -> None:
    facts = (await read(url)).reading.facts
    assert facts["persistence"]["aof"] is False
    assert facts["persistence"]["last_save_status"] == "ok"
    assert facts["replication"] == {"role": "master", "replicas": []}
    assert facts["commands"]["ping"]["calls"] >= 1


async def test_replicas_are_told_with_how_far_they_are_behind(read: Reader) -> None:
    document = {
        "info": {
            "connected_slaves": 1, "master_repl_offset": 5_000,
            "slave0": "ip=10.0.0.2,port=6379,state=online,offset=4200,lag=1",
        },
    }  # fmt: skip
    found = await read(document)
    (replica,) = found.reading.facts["replication"]["replicas"]
    assert replica == {"address": "10.0.0.2:6379", "state": "online", "lag_s": 1, "behind_bytes": 800}
    assert found.fact("broker.replica_behind") == 800


async def test_a_replica_tells_its_link(read: Reader) -> None:
    info = {"role": "slave", "master_host": "10.0.0.1", "master_port": 6379, "master_link_status": "down"}
    found = await read({"info": info})
    assert found.reading.facts["replication"]["link"] == "down"
    assert found.fact("broker.replication_link") == "down"
    assert found.reading.health == "degraded"


async def test_a_failed_save_is_told(read: Reader) -> None:
    found = await read({"info": {"rdb_last_bgsave_status": "err"}, "config": {"save": "3600 1"}})
    assert found.reading.facts["persistence"]["snapshots"] == "3600 1"
    assert found.fact("broker.last_save_status") == "err"
    assert found.reading.health == "degraded"


@pytest.mark.parametrize(("denied", "field"), [("SLOWLOG", "slow_log"), ("CLIENT LIST", "clients"), ("INFO", "server")])
async def test_what_is_refused_is_unknown_and_the_rest_is_read(read: Reader, denied: str, field: str) -> None:
    document = {"deny": [denied], "streams": {"orders": {"length": 5, "groups": {"g": {"lag": 5}}}}}
    found = await read(document)
    assert field in {gap.field for gap in found.reading.gaps}
    assert found.queues["orders"].ready == 5


def test_several_primaries_are_one() -> None:
    one = {"used_memory": "10", "maxmemory": "100", "maxmemory_policy": "noeviction", "evicted_keys": "1",
           "rdb_last_bgsave_status": "ok", "run_id": "a", "errorstat_OOM": "count=2", "role": "master"}  # fmt: skip
    two = {"used_memory": "20", "maxmemory": "100", "maxmemory_policy": "allkeys-lru", "evicted_keys": "2",
           "rdb_last_bgsave_status": "err", "run_id": "b", "errorstat_OOM": "count=3", "role": "master"}  # fmt: skip
    assert merged([one, two]) == {
        "used_memory": "30", "maxmemory": "200", "maxmemory_policy": "allkeys-lru", "evicted_keys": "3",
        "rdb_last_bgsave_status": "err", "run_id": "a+b", "errorstat_OOM": "count=5", "role": "master",
    }  # fmt: skip
    assert merged([one, two | {"maxmemory": "0"}])["maxmemory"] == "0"
