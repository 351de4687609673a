"""INFO and CLIENT LIST as data, and several servers of one Cluster as one."""

from __future__ import annotations

from collections.abc import Sequence

Info = dict[str, str]

# Counted by each primary for itself; their sum is the Cluster's.
_SUMMED = {
    "connected_clients", "blocked_clients", "maxclients", "rejected_connections", "used_memory", "used_memory_rss",
    "used_memory_peak", "evicted_keys", "expired_keys", "connected_slaves", "rdb_changes_since_last_save",
    "total_commands_processed", "instantaneous_ops_per_sec", "total_error_replies",
}  # fmt: skip
# Where one is in this state, the whole is: the bad word of each.
_WORST = {
    "rdb_last_bgsave_status": "err", "aof_last_write_status": "err", "aof_last_bgrewrite_status": "err",
    "loading": "1", "aof_enabled": "0",
}  # fmt: skip
# The smallest is the one to look at.
_SMALLEST = {"uptime_in_seconds", "rdb_last_save_time", "min_slaves_good_slaves"}


def parse_info(reply: str) -> Info:
    """`key:value` lines of INFO; headings and blanks left out."""
    pairs = (line.partition(":") for line in reply.splitlines() if ":" in line and not line.startswith("#"))
    return {key: value.strip() for key, _, value in pairs}


def parse_clients(reply: str) -> list[dict[str, str]]:
    """Rows of CLIENT LIST: `id=3 addr=… cmd=brpop …`."""
    return [dict(part.partition("=")[::2] for part in line.split(" ")) for line in reply.splitlines() if line]


def integer(info: Info, key: str) -> int | None:
    """A number of INFO; None when it is absent or no number."""
    value = info.get(key, "")
    return int(value) if value.lstrip("-").isdigit() else None


def commands_of(info: Info) -> dict[str, dict[str, float]]:
    """INFO commandstats: by command `calls`, `usec`, `usec_per_call`, and what else stands there."""
    return {key.removeprefix("cmdstat_"): _numbers(value) for key, value in info.items() if key.startswith("cmdstat_")}


def fields(value: str) -> dict[str, str]:
    """A value of INFO that has parts: `ip=127.0.0.1,port=6380,state=online`."""
    return dict(part.partition("=")[::2] for part in value.split(",") if "=" in part)


def merged(infos: Sequence[Info]) -> Info:
    """Several primaries as one: counts summed, states by the worst, `run_id` of all, the rest of the first."""
    if len(infos) == 1:
        return dict(infos[0])
    whole = {key: value for info in reversed(infos) for key, value in info.items()}
    for key in whole:
        values = [info[key] for info in infos if key in info]
        if key in _SUMMED or key.startswith("errorstat_"):
            whole[key] = _sum(key, values)
        elif key in _WORST and _WORST[key] in values:
            whole[key] = _WORST[key]
        elif key in _SMALLEST:
            whole[key] = str(min((int(v) for v in values if v.isdecimal()), default=whole[key]))
    whole |= _limits(infos)
    whole["run_id"] = "+".join(sorted(info.get("run_id", "?") for info in infos))
    return whole


def _limits(infos: Sequence[Info]) -> Info:
    """A limit of the whole exists only where each has one; a policy that evicts counts more than one that does not."""
    limits = [integer(info, "maxmemory") for info in infos]
    found: Info = {}
    if all(limit is not None for limit in limits):
        found["maxmemory"] = str(sum(n or 0 for n in limits) if all(limits) else 0)
    policies = [info["maxmemory_policy"] for info in infos if "maxmemory_policy" in info]
    if policies:
        found["maxmemory_policy"] = min(policies, key=lambda policy: policy == "noeviction")
    return found


def _sum(key: str, values: Sequence[str]) -> str:
    if key.startswith("errorstat_"):
        return f"count={sum(int(fields(value).get('count', '0')) for value in values)}"
    return str(sum(int(value) for value in values if value.isdecimal()))


def _numbers(value: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, number in fields(value).items():
        try:
            found[key] = float(number)
        except ValueError:
            continue
    return found
