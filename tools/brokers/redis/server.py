"""The server's own words: INFO, CONFIG, CLIENT LIST, SLOWLOG. One pipeline for each server.

`facts` of the reading: `info` (INFO's fields as strings; of a Cluster see `tools.brokers.redis.info.merged`),
`clients` (rows of CLIENT LIST as dicts of strings, our own left out; None when denied), `replicas_needed`
(min-replicas-to-write, where INFO shows that it is in force; None when CONFIG is denied), `nodes` (of a Cluster: each
primary's `address`, `keys`, `used_bytes`, `max_bytes`, `clients`, `error`), and those of `tools.brokers.redis.state`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tools.brokers.redis import state
from tools.brokers.redis.client import OWN_NAME
from tools.brokers.redis.evidence import paste, record
from tools.brokers.redis.info import Info, commands_of, integer, merged, parse_clients, parse_info
from tools.brokers.redis.session import Command, RedisSession, failed, text
from tools.contract import At, Connections, Coverage, Memory
from tools.errors import TargetError
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts

_COMMANDS: tuple[Command, ...] = (
    ("INFO",),
    ("DBSIZE",),
    ("CLIENT", "LIST"),
    ("SLOWLOG", "GET", state.SLOW_ENTRIES),
    ("TIME",),
    ("CONFIG", "GET", "save"),
    ("INFO", "commandstats"),
)


@dataclass
class _Server:
    """One server's replies, in the order of `_COMMANDS`; `error` where it gave none."""

    node: str
    replies: Sequence[Any] = ()
    error: TargetError | None = None
    info: Info = field(default_factory=dict)


async def read_server(session: RedisSession, book: EvidenceBook) -> BrokerReading:
    """Version, role, memory, connections and health; of all primaries together where there are several.

    Raises:
        TargetError: no server could be reached.
    """
    nodes = await session.nodes()
    servers = await asyncio.gather(*(_ask(session, node) for node in nodes))
    live = [server for server in servers if server.error is None]
    if not live:
        raise servers[0].error or AssertionError("a server without replies has an error")
    reading = BrokerReading(session.target, "redis")
    at = At(target=session.target.name)
    for server in servers:
        _unread(reading, server, at)
    info = merged([server.info for server in live if server.info] or [{}])
    reading.facts["info"] = info
    reading.version = info.get("valkey_version") or info.get("redis_version")
    reading.role = info.get("role")
    await _replicas_needed(session, reading, book)
    reading.memory = _memory(info)
    sizes = [server.replies[1] for server in live]
    known = len(live) == len(servers) and not any(failed(size) for size in sizes)
    reading.coverage = Coverage(keys=sum(sizes) if known else None)
    reading.connections = Connections(current=integer(info, "connected_clients"), max=integer(info, "maxclients"))
    _clients(reading, live, at)
    _state(reading, live, at)
    reading.health = _health(reading, [server.info for server in live], broken=len(live) < len(servers))
    if session.clustered:
        await _cluster(session, reading, servers)
    record(session, book, reading)
    return reading


async def _ask(session: RedisSession, node: str) -> _Server:
    server = _Server(node)
    try:
        server.replies = await session.run_on(node, *_COMMANDS)
    except TargetError as error:
        server.error = error
        return server
    reply = server.replies[0]
    server.info = parse_info(text(reply)) if not failed(reply) else {}
    return server


def _unread(reading: BrokerReading, server: _Server, at: At) -> None:
    if server.error is not None:
        detail = f"{server.error.code}: {server.error.facts.get('detail', '')}"
        reading.gaps.append(Gap(at, "server", Texts("redis_node_unread", {"place": server.node, "detail": detail})))
    elif not server.info:
        reading.gaps.append(Gap(at, "server", Texts("info_refused", {"detail": str(server.replies[0])})))


async def _replicas_needed(session: RedisSession, reading: BrokerReading, book: EvidenceBook) -> None:
    """How many replicas a write needs. INFO counts those in step only where a limit is in force, which is rare."""
    good = integer(reading.facts["info"], "min_slaves_good_slaves")
    if good is None:
        return
    # Both names of the setting: `min-slaves-to-write` before Redis 5.
    reply = (await session.run(("CONFIG", "GET", "min-*-to-write")))[0]
    values = [] if failed(reply) else _values(reply)
    reading.facts["replicas_needed"] = max(values, default=None)
    name = session.target.name
    source, command = "INFO replication: min_slaves_good_slaves", paste(session, "INFO replication")
    book.add("broker.replicas_good", name, good, "replicas", source, command)
    if values:
        asked = "CONFIG GET min-replicas-to-write"
        book.add("broker.replicas_needed", name, max(values), "replicas", asked, paste(session, asked))


def _values(reply: Any) -> list[int]:
    """The numbers of a CONFIG GET: a mapping, or names and values in turn."""
    found = reply.values() if isinstance(reply, dict) else reply[1::2]
    return [int(number) for number in map(text, found) if number.isdecimal()]


def _memory(info: Info) -> Memory:
    limit = integer(info, "maxmemory")
    return Memory(used_bytes=integer(info, "used_memory"), max_bytes=limit or None, policy=info.get("maxmemory_policy"))


def _clients(reading: BrokerReading, servers: Sequence[_Server], at: At) -> None:
    replies = [server.replies[2] for server in servers]
    if refused := next((reply for reply in replies if failed(reply)), None):
        reading.facts |= {"clients": None, "clients_by_name": None, "blocked_by_command": None}
        reading.gaps.append(Gap(at, "clients", Texts("client_list_refused", {"detail": str(refused)})))
        return
    rows = [row for reply in replies for row in parse_clients(text(reply)) if row.get("name") != OWN_NAME]
    named = {"clients_by_name": state.by_name(rows), "blocked_by_command": state.blocked(rows)}
    reading.facts |= {"clients": rows, **named}


def _state(reading: BrokerReading, servers: Sequence[_Server], at: At) -> None:
    first, info = servers[0], reading.facts["info"]
    now = None if failed(first.replies[4]) else float(first.replies[4][0])
    logs = [state.slow_log(s.replies[3], s.node) for s in servers if not failed(s.replies[3])]
    entries = sorted((e for log in logs for e in log), key=lambda e: -e["at"])[: state.SLOW_ENTRIES]
    if not logs:
        refused = Texts("redis_slow_log_refused", {"detail": str(first.replies[3])})
        reading.gaps.append(Gap(at, "slow_log", refused))
    reading.facts |= {
        "persistence": state.persistence(info, first.replies[5], now),
        "replication": state.replication(info),
        "slow_log": entries if logs else None,
        "commands": {} if failed(first.replies[6]) else commands_of(parse_info(text(first.replies[6]))),
        "now": now,
    }
    if "sentinel" in (info.get("redis_mode"), info.get("server_mode")):
        reading.notices.append(Texts("redis_is_sentinel"))
    if info.get("cluster_enabled") == "1" and reading.target.scheme != "redis+cluster":
        reading.notices.append(Texts("redis_is_cluster"))


def _health(reading: BrokerReading, infos: Sequence[Info], *, broken: bool) -> Literal["ok", "degraded", "down"]:
    needed = reading.facts.get("replicas_needed")
    return "degraded" if broken or any(_degraded(info, needed) for info in infos) else "ok"


def _degraded(info: Info, replicas_needed: int | None) -> bool:
    if not info:
        return True
    used, limit = integer(info, "used_memory") or 0, integer(info, "maxmemory") or 0
    full = bool(limit) and used >= limit
    stale = info.get("role") == "slave" and info.get("master_link_status") == "down"
    unsaved = info.get("rdb_last_bgsave_status") == "err" or info.get("aof_last_write_status") == "err"
    good = integer(info, "min_slaves_good_slaves")
    alone = good is not None and info.get("role") == "master" and good < (replicas_needed or 1)
    return full or stale or unsaved or alone or info.get("loading") == "1"


async def _cluster(session: RedisSession, reading: BrokerReading, servers: Sequence[_Server]) -> None:
    """The state of the whole, by the word of the first node that lives."""
    reading.facts["nodes"] = [_node(server) for server in servers]
    live = next(server for server in servers if server.error is None)
    reply = (await session.run_on(live.node, ("CLUSTER", "INFO")))[0]
    cluster = {} if failed(reply) else parse_info(text(reply))
    reading.facts["cluster"] = cluster
    if cluster.get("cluster_state") == "fail":
        reading.health = "down"
        without = 16_384 - (integer(cluster, "cluster_slots_ok") or 0)
        reading.notices.append(Texts("redis_cluster_down", {"count": without}))


def _node(server: _Server) -> dict[str, Any]:
    size = server.replies[1] if server.replies else None
    return {
        "address": server.node,
        "keys": size if isinstance(size, int) else None,
        "used_bytes": integer(server.info, "used_memory"),
        "max_bytes": integer(server.info, "maxmemory") or None,
        "clients": integer(server.info, "connected_clients"),
        "error": server.error.code if server.error else None,
    }
