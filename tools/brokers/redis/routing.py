"""Which node of a Cluster gets which part of a command, and how the parts' replies become the reply of one.

All commands here have one key, except EXISTS and MGET, which are taken apart. Commands without a key: DBSIZE is summed,
CLIENT LIST is joined, RANDOMKEY goes to any primary, SCAN runs over one primary after the other (its cursor holds the
node and that node's own cursor), and the rest (PING, INFO, TIME, CONFIG) is answered by the first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from redis.crc import key_slot

from tools.brokers.redis.session import Command, failed

SLOTS = 16_384
_KEYLESS = {"CLIENT", "CLUSTER", "CONFIG", "DBSIZE", "INFO", "PING", "PUBSUB", "RANDOMKEY", "SCAN", "SLOWLOG", "TIME"}
# The key is the second argument of these: MEMORY USAGE key, XINFO GROUPS key.
_SUBCOMMANDS = {"MEMORY", "XINFO"}
_SEVERAL_KEYS = {"EXISTS", "MGET"}

Part = tuple[str, Command]


def slot_of(key: object) -> int:
    """The slot that a key belongs to, by its hash tag where it has one."""
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode("utf-8", "surrogateescape")))


def parts_of(command: Command, nodes: Sequence[str], owner: Callable[[int], str]) -> list[Part]:
    """The commands that together make up this one, each with its node.

    Args:
        owner: the node that has a slot.
    """
    name = str(command[0]).upper()
    if name in _SEVERAL_KEYS:
        return [(owner(slot_of(key)), (name, key)) for key in command[1:]]
    if name not in _KEYLESS:
        key = command[2 if name in _SUBCOMMANDS else 1]
        return [(owner(slot_of(key)), command)]
    if name == "DBSIZE" or (name == "CLIENT" and str(command[1]).upper() == "LIST"):
        return [(node, command) for node in nodes]
    if name == "RANDOMKEY":
        return [(random.choice(nodes), command)]  # noqa: S311 - a sample, not a secret
    if name == "SCAN":
        cursor, index = divmod(int(command[1]), len(nodes))
        return [(nodes[index], ("SCAN", cursor, *command[2:]))]
    return [(nodes[0], command)]


def joined(command: Command, nodes: Sequence[str], replies: Sequence[Any]) -> Any:
    """One reply out of those of `parts_of`; an error among them is the reply."""
    if error := next((reply for reply in replies if failed(reply)), None):
        return error
    name = str(command[0]).upper()
    if name in {"DBSIZE", "EXISTS"}:
        return sum(replies)
    if name == "MGET":
        return [value for reply in replies for value in reply]
    if name == "CLIENT" and str(command[1]).upper() == "LIST":
        return b"".join(replies)
    if name == "SCAN":
        cursor, names = replies[0]
        return [str(_next_cursor(int(command[1]) % len(nodes), int(cursor), len(nodes))).encode(), names]
    return replies[0]


def _next_cursor(index: int, cursor: int, count: int) -> int:
    """Goes on at the same node, or at the start of the next; 0 after the last."""
    if cursor:
        return cursor * count + index
    return index + 1 if index + 1 < count else 0
