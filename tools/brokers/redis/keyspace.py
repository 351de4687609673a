"""Finds lists and sets on a Redis without `KEYS`: the server filters by type, so a large key space costs no transfer.

Measured on 230,000 keys: one full SCAN with count 10,000 takes 80 to 130 ms, two scans filtered by type 55 ms together.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tools.brokers.redis.session import RedisSession, failed, text

SCAN_COUNT = 10_000
# A scan is O(keys): bounded by both (architecture, decisions).
SCAN_SECONDS = 2.0
SCAN_KEYS = 2_000_000
TYPES = ("list", "set")


@dataclass
class Keyspace:
    """Names by type, and how far the scan came. `cursors` lets a later scan go on."""

    names: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in TYPES})
    cursors: dict[str, int] = field(default_factory=dict)
    scanned: int = 0
    complete: bool = True
    refused: str | None = None


async def scan(session: RedisSession, keys: int, cursors: dict[str, int] | None = None) -> Keyspace:
    """Scans by type, both types in one pipeline a step.

    Args:
        keys: DBSIZE, to tell how far an unfinished scan came.
        cursors: of an unfinished scan, to go on from.
    """
    found = Keyspace()
    pending = dict(cursors) if cursors else dict.fromkeys(TYPES, 0)
    deadline = time.monotonic() + SCAN_SECONDS
    steps = 0
    while pending:
        commands = [("SCAN", cursor, "COUNT", SCAN_COUNT, "TYPE", kind) for kind, cursor in pending.items()]
        for kind, reply in zip(list(pending), await session.run(*commands), strict=True):
            if failed(reply):
                found.refused, found.complete = str(reply), False
                return found
            cursor = int(reply[0])
            found.names[kind] += [text(name) for name in reply[1]]
            if cursor == 0:
                del pending[kind]
            else:
                pending[kind] = cursor
        steps += 1
        if pending and (time.monotonic() > deadline or steps * SCAN_COUNT >= SCAN_KEYS):
            found.complete, found.cursors = False, pending
            break
    # SCAN's count is a number of buckets looked at, so an unfinished scan only knows its share roughly.
    found.scanned = keys if found.complete else min(keys, steps * SCAN_COUNT)
    found.names = {kind: sorted(set(names)) for kind, names in found.names.items()}
    return found
