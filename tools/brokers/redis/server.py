"""The server's own words: INFO, CONFIG, CLIENT LIST. One pipeline.

`facts` of the reading: `info` (INFO's fields as strings), `clients` (rows of CLIENT LIST as dicts of strings, our own
left out; None when denied), `replicas_needed` (min-replicas-to-write, where INFO shows that it is in force; None when
CONFIG is denied).
"""

from __future__ import annotations

from typing import Any, Literal

from tools.brokers.redis.session import RedisSession, failed, text
from tools.contract import At, Connections, Coverage, Memory
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts

OWN_CLIENT_NAME = "queuewright"


async def read_server(session: RedisSession, book: EvidenceBook) -> BrokerReading:
    """Version, role, memory, connections and health of one node.

    Raises:
        TargetError: INFO could not be read at all.
    """
    info_reply, dbsize, clients_reply = await session.run(("INFO",), ("DBSIZE",), ("CLIENT", "LIST"))
    reading = BrokerReading(session.target, "redis")
    at = At(target=session.target.name)
    info = parse_info(text(info_reply)) if not failed(info_reply) else {}
    if not info:
        reading.gaps.append(Gap(at, "server", Texts("info_refused", {"detail": str(info_reply)})))
    reading.facts["info"] = info
    reading.version = info.get("valkey_version") or info.get("redis_version")
    reading.role = info.get("role")
    await _replicas(session, book, reading)
    reading.memory = _memory(info)
    reading.coverage = Coverage(keys=None if failed(dbsize) else int(dbsize))
    _clients(reading, clients_reply, at)
    reading.health = _health(info, reading.facts.get("replicas_needed"))
    _evidence(session, book, reading, info)
    return reading


def parse_info(reply: str) -> dict[str, str]:
    """`key:value` lines of INFO; headings and blanks left out."""
    pairs = (line.partition(":") for line in reply.splitlines() if ":" in line and not line.startswith("#"))
    return {key: value.strip() for key, _, value in pairs}


def parse_clients(reply: str) -> list[dict[str, str]]:
    """Rows of CLIENT LIST: `id=3 addr=… cmd=brpop …`."""
    return [dict(part.partition("=")[::2] for part in line.split(" ")) for line in reply.splitlines() if line]


async def _replicas(session: RedisSession, book: EvidenceBook, reading: BrokerReading) -> None:
    """How many replicas a write needs. INFO counts those in step only where a limit is in force, which is rare."""
    good = _int(reading.facts["info"], "min_slaves_good_slaves")
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


def _memory(info: dict[str, str]) -> Memory:
    limit = _int(info, "maxmemory")
    return Memory(used_bytes=_int(info, "used_memory"), max_bytes=limit or None, policy=info.get("maxmemory_policy"))


def _clients(reading: BrokerReading, reply: Any, at: At) -> None:
    info = reading.facts["info"]
    reading.connections = Connections(current=_int(info, "connected_clients"), max=_int(info, "maxclients"))
    if failed(reply):
        reading.facts["clients"] = None
        reading.gaps.append(Gap(at, "clients", Texts("client_list_refused", {"detail": str(reply)})))
        return
    rows = parse_clients(text(reply))
    reading.facts["clients"] = [row for row in rows if row.get("name") != OWN_CLIENT_NAME]


def _health(info: dict[str, str], replicas_needed: int | None) -> Literal["ok", "degraded", "down"]:
    if not info:
        return "degraded"
    used, limit = _int(info, "used_memory") or 0, _int(info, "maxmemory") or 0
    full = bool(limit) and used >= limit
    stale = info.get("role") == "slave" and info.get("master_link_status") == "down"
    unsaved = info.get("rdb_last_bgsave_status") == "err" or info.get("aof_last_write_status") == "err"
    good = _int(info, "min_slaves_good_slaves")
    alone = good is not None and info.get("role") == "master" and good < (replicas_needed or 1)
    return "degraded" if full or stale or unsaved or alone or info.get("loading") == "1" else "ok"


def _evidence(session: RedisSession, book: EvidenceBook, reading: BrokerReading, info: dict[str, str]) -> None:
    name = session.target.name
    facts = (
        ("broker.memory_used", reading.memory.used_bytes, "bytes", "INFO memory: used_memory", "INFO memory"),
        ("broker.memory_max", reading.memory.max_bytes, "bytes", "INFO memory: maxmemory", "CONFIG GET maxmemory"),
        (
            "broker.eviction_policy",
            reading.memory.policy,
            None,
            "INFO memory: maxmemory_policy",
            "CONFIG GET maxmemory-policy",
        ),
        ("broker.evicted_keys", _int(info, "evicted_keys"), "keys", "INFO stats: evicted_keys", "INFO stats"),
        (
            "broker.clients",
            reading.connections.current,
            "connections",
            "INFO clients: connected_clients",
            "INFO clients",
        ),
        ("broker.role", reading.role, None, "INFO replication: role", "INFO replication"),
        ("broker.keys", reading.coverage.keys, "keys", "DBSIZE", "DBSIZE"),
    )
    for metric, value, unit, source, command in facts:
        if value is not None:
            book.add(metric, name, value, unit, source, paste(session, command))


def paste(session: RedisSession, command: str) -> str:
    """The command as a person can paste it; host and credentials are theirs to add."""
    return f"redis-cli -n {session.target.db} {command}"


def _int(info: dict[str, str], key: str) -> int | None:
    value = info.get(key, "")
    return int(value) if value.lstrip("-").isdigit() else None
