"""The broker's numbers as evidence, each with a command that a person can paste."""

from __future__ import annotations

import shlex

from tools.brokers.redis.info import integer
from tools.brokers.redis.session import RedisSession
from tools.contract import Scalar
from tools.reading import BrokerReading, EvidenceBook


def record(session: RedisSession, book: EvidenceBook, reading: BrokerReading) -> None:
    """What findings and answers about the server rest on; absent values leave no entry."""
    name, info = session.target.name, reading.facts["info"]
    persistence, replication = reading.facts["persistence"], reading.facts["replication"]

    def field(metric: str, section: str, key: str, unit: str | None, command: str | None = None) -> None:
        value: Scalar = integer(info, key) if unit else info.get(key)
        add(metric, value, unit, f"INFO {section}: {key}", command or f"INFO {section}")

    def add(metric: str, value: Scalar, unit: str | None, source: str, command: str) -> None:
        if value is not None:
            book.add(metric, name, value, unit, source, paste(session, command))

    add("broker.memory_used", reading.memory.used_bytes, "bytes", "INFO memory: used_memory", "INFO memory")
    add("broker.memory_max", reading.memory.max_bytes, "bytes", "INFO memory: maxmemory", "CONFIG GET maxmemory")
    field("broker.eviction_policy", "memory", "maxmemory_policy", None, "CONFIG GET maxmemory-policy")
    field("broker.evicted_keys", "stats", "evicted_keys", "keys")
    field("broker.clients", "clients", "connected_clients", "connections")
    field("broker.blocked_clients", "clients", "blocked_clients", "connections")
    field("broker.rejected_connections", "stats", "rejected_connections", "connections")
    field("broker.role", "replication", "role", None)
    if reading.role == "master":
        field("broker.replicas", "replication", "connected_slaves", "replicas")
    else:
        field("broker.replication_link", "replication", "master_link_status", None)
    worst = max((r["behind_bytes"] for r in replication["replicas"] if r["behind_bytes"] is not None), default=None)
    add("broker.replica_behind", worst, "bytes", "INFO replication: master_repl_offset - offset", "INFO replication")
    field("broker.aof_enabled", "persistence", "aof_enabled", None)
    field("broker.last_save_status", "persistence", "rdb_last_bgsave_status", None)
    age = persistence["last_save_age_s"]
    add("broker.last_save_age_s", age, "s", "TIME - INFO persistence: rdb_last_save_time", "LASTSAVE")
    changes = persistence["changes_since_save"]
    source = "INFO persistence: rdb_changes_since_last_save"
    add("broker.changes_since_save", changes, "changes", source, "INFO persistence")
    slow = reading.facts["slow_log"]
    if slow:
        slowest = max(entry["ms"] for entry in slow)
        add("broker.slowest_command_ms", slowest, "ms", f"SLOWLOG GET {len(slow)}: the slowest", "SLOWLOG GET 10")
    add("broker.keys", reading.coverage.keys, "keys", "DBSIZE", "DBSIZE")


def paste(session: RedisSession, command: str) -> str:
    """The command as a person can paste it; host and credentials are theirs to add."""
    return f"redis-cli -c {command}" if session.clustered else f"redis-cli -n {session.target.db} {command}"


def typed(name: str) -> str:
    """A key as one word of a shell command; control characters become escapes of `$'…'`."""
    if name.isprintable():
        return shlex.quote(name)
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if c.isprintable() else _escape(c) for c in quoted) + "'"


def shown(name: str) -> str:
    """A key as it is written in a text: control characters as escapes."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
