"""What a server says beyond its numbers: how it persists and replicates, who is connected, what was slow.

`facts` of the reading that come from here:

- `persistence`: `aof` (bool), `snapshots` (the `save` schedule of CONFIG, "" is off; None when CONFIG is denied),
  `last_save_age_s`, `last_save_status`, `aof_status`, `changes_since_save`.
- `replication`: `role`, `replicas` (each `address`, `state`, `lag_s`, `behind_bytes`), and on a replica `primary`,
  `link`, `last_io_s`.
- `clients_by_name`: connections of others by their name (`CLIENT SETNAME`), "" without one; None when denied.
- `blocked_by_command`: connections that wait, by the command that they wait in; None when denied.
- `slow_log`: newest first, at most 10: `command` (its name and first argument, redacted and cut), `arguments` (how many
  more), `ms`, `at` (Unix seconds), `client`, `node` (of a Cluster); None when denied.
- `commands`: INFO commandstats since the start, by command: `calls`, `usec`, `usec_per_call`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tools.brokers.redis.info import Info, fields, integer
from tools.brokers.redis.session import failed, text
from tools.redact import redact
from tools.untrusted import clean

SLOW_ENTRIES = 10
MOST_SHOWN = 80


def persistence(info: Info, save: Any, now: float | None) -> dict[str, Any]:
    """How it persists.

    Args:
        save: the reply of CONFIG GET save.
        now: of the server's clock, Unix seconds.
    """
    saved = integer(info, "rdb_last_save_time")
    schedule = None if failed(save) or not save else text(save[1])
    return {
        "aof": info["aof_enabled"] == "1" if "aof_enabled" in info else None,
        "snapshots": schedule,
        "last_save_age_s": max(0, round(now - saved)) if now is not None and saved is not None else None,
        "last_save_status": info.get("rdb_last_bgsave_status"),
        "aof_status": info.get("aof_last_write_status"),
        "changes_since_save": integer(info, "rdb_changes_since_last_save"),
    }


def replication(info: Info) -> dict[str, Any]:
    """Who follows whom, and how closely; offsets are bytes of the stream of writes."""
    found: dict[str, Any] = {"role": info.get("role"), "replicas": _replicas(info)}
    if info.get("role") == "slave":
        found |= {
            "primary": f"{info.get('master_host', '?')}:{info.get('master_port', '?')}",
            "link": info.get("master_link_status"),
            "last_io_s": integer(info, "master_last_io_seconds_ago"),
        }
    return found


def _replicas(info: Info) -> list[dict[str, Any]]:
    own = integer(info, "master_repl_offset")
    rows = [fields(info[key]) for key in info if key.startswith("slave") and key[5:].isdecimal()]
    return [
        {
            "address": f"{row.get('ip', '?')}:{row.get('port', '?')}",
            "state": row.get("state"),
            "lag_s": int(row["lag"]) if row.get("lag", "").isdecimal() else None,
            "behind_bytes": own - int(row["offset"]) if own is not None and row.get("offset", "").isdecimal() else None,
        }
        for row in rows
    ]


def by_name(clients: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Connections by name, most first."""
    return dict(Counter(row.get("name", "") for row in clients).most_common())


def blocked(clients: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Connections with flag `b` by command, most first."""
    return dict(Counter(row.get("cmd", "?") for row in clients if "b" in row.get("flags", "")).most_common())


def slow_log(reply: Any, node: str = "") -> list[dict[str, Any]]:
    """SLOWLOG GET: id, time, microseconds, arguments, and since Redis 4 the address and the name of the client."""
    found: list[dict[str, Any]] = []
    for row in reply if isinstance(reply, list) else []:
        if not (isinstance(row, list) and len(row) >= 4 and isinstance(row[3], list)):
            continue
        command = [text(part) for part in row[3]]
        found.append(
            {
                # Further arguments may be payloads or passwords.
                "command": " ".join(_shown(part) for part in command[:2]),
                "arguments": max(0, len(command) - 2),
                "ms": round(int(row[2]) / 1_000, 3),
                "at": int(row[1]),
                "client": _shown(text(row[5])) if len(row) > 5 else "",
                **({"node": node} if node else {}),
            }
        )
    return found


def _shown(part: str) -> str:
    return clean(redact(part[: 4 * MOST_SHOWN]), MOST_SHOWN)
