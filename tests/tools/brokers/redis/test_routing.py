"""Commands are split by node and come back as one reply."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tools.brokers.redis.routing import joined, parts_of, slot_of
from tools.brokers.redis.session import ReplyError

NODES = ["a:1", "b:2", "c:3"]


def owner(slot: int) -> str:
    return NODES[slot * 3 // 16_384]


@pytest.mark.parametrize("key", ["mail", "a{tag}b", "{}x", "ключ \x06", b"\xff\xfe", "bull:{q}:wait"])
def test_slots_are_those_of_the_server(key: Any, cluster: Any) -> None:
    assert slot_of(key) == cluster.client().cluster_keyslot(key)


@pytest.mark.parametrize(
    ("command", "key"),
    [(("LLEN", "mail"), "mail"), (("XINFO", "GROUPS", "mail"), "mail"), (("MEMORY", "USAGE", "mail"), "mail"),
     (("XRANGE", "mail", "-", "+"), "mail")],
)  # fmt: skip
def test_a_command_goes_to_the_node_of_its_key(command: Any, key: str) -> None:
    assert parts_of(command, NODES, owner) == [(owner(slot_of(key)), command)]


def test_commands_of_several_keys_are_taken_apart() -> None:
    parts = parts_of(("MGET", "x", "y", "z"), NODES, owner)
    assert [command for _, command in parts] == [("MGET", "x"), ("MGET", "y"), ("MGET", "z")]
    assert joined(("MGET", "x", "y", "z"), NODES, [[b"1"], [None], [b"3"]]) == [b"1", None, b"3"]
    assert joined(("EXISTS", "x", "y"), NODES, [1, 0]) == 1


def test_an_error_of_one_part_is_the_reply() -> None:
    error = ReplyError("CLUSTERDOWN b:2 cannot be reached")
    assert joined(("DBSIZE",), NODES, [5, error, 3]) is error


def test_a_scan_runs_over_one_node_after_the_other_to_its_end() -> None:
    # Given nodes that each need two steps
    pages = {"a:1": {0: (7, [b"a"]), 7: (0, [b"A"])}, "b:2": {0: (9, [b"b"]), 9: (0, [b"B"])}, "c:3": {0: (0, [b"c"])}}
    found: list[bytes] = []
    cursor: Any = 0
    for _ in range(10):
        command = ("SCAN", cursor, "COUNT", 10)
        ((node, (_, own, *_rest)),) = parts_of(command, NODES, owner)
        reply_cursor, names = pages[node][int(own)]
        cursor, names = joined(command, NODES, [[str(reply_cursor).encode(), names]])
        found += names
        if int(cursor) == 0:
            break
    assert found == [b"a", b"A", b"b", b"B", b"c"]


def test_the_cluster_of_the_tests_is_real(cluster: Any) -> None:
    client: redis.RedisCluster = cluster.client()
    assert len(client.get_primaries()) == 3
