"""The stub's key space: values of Redis' types, times to live, and lists that change while time passes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

# What a healthy, small server says; a document overrides single fields.
HEALTHY_INFO = {
    "redis_version": "7.2.4",
    "server_name": "valkey",
    "valkey_version": "9.1.0",
    "run_id": "0" * 40,
    "uptime_in_seconds": "86400",
    "maxclients": "10000",
    "used_memory": "2000000",
    "maxmemory": "0",
    "maxmemory_policy": "noeviction",
    "loading": "0",
    "rdb_last_bgsave_status": "ok",
    "aof_enabled": "0",
    "aof_last_write_status": "ok",
    "evicted_keys": "0",
    "rejected_connections": "0",
    "role": "master",
}


@dataclass
class Client:
    """One row of CLIENT LIST."""

    cmd: str = "get"
    flags: str = "N"
    psub: int = 0
    db: int = 0
    name: str = ""


@dataclass
class Slow:
    """One entry of SLOWLOG."""

    command: list[str]
    ms: float
    age_s: float = 60.0
    client: str = ""


@dataclass
class Backlog:
    """A list of messages of which most exist only when they are looked at.

    Index 0 is the newest. `tail` holds the oldest, the right end last. `growth_per_s` adds at the left; below zero it
    takes from the right.
    """

    count: int
    make: Callable[[int], bytes]
    growth_per_s: float = 0.0
    tail: list[bytes] = field(default_factory=list)
    born: float = field(default_factory=lambda: now())

    def __len__(self) -> int:
        return max(0, self.count + len(self.tail) + self._change())

    def __getitem__(self, index: int) -> bytes:
        """The item at that index from the left, of those there are now."""
        from_right = len(self) - 1 - index - min(0, self._change())
        return self.tail[-1 - from_right] if from_right < len(self.tail) else self.make(from_right - len(self.tail))

    def _change(self) -> int:
        return int(self.growth_per_s * (now() - self.born))


@dataclass
class Entry:
    """One key: `value` is bytes, a list or `Backlog` of bytes, a set of bytes, a dict by bytes, or a stream."""

    kind: str
    value: Any
    expires_at: float | None = None
    size: int | None = None


@dataclass
class KeySpace:
    """Everything on one database.

    Attributes:
        info: fields of INFO that differ from `HEALTHY_INFO`.
        config: what CONFIG GET answers; a setting that is not there does not exist.
    """

    db: int = 0
    info: dict[str, str] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    slow_log: list[Slow] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    _entries: dict[bytes, Entry] = field(default_factory=dict)
    _order: list[bytes] = field(default_factory=list)

    def put(self, name: str, kind: str, value: Any, ttl_s: float | None = None, size: int | None = None) -> None:
        """Sets a key from plain Python data; text becomes UTF-8.

        Args:
            size: what MEMORY USAGE shall say; computed from the value when omitted.
        """
        expires = now() + ttl_s if ttl_s is not None else None
        self._entries[encode(name)] = Entry(kind, _stored(kind, value), expires, size)
        self._order.clear()

    def get(self, name: bytes) -> Entry | None:
        """The key; None when it is absent, expired, or a list that ran empty."""
        entry = self._entries.get(name)
        if entry is None or (entry.expires_at is not None and entry.expires_at <= now()):
            return None
        return None if isinstance(entry.value, Backlog) and not len(entry.value) else entry

    def names(self) -> list[bytes]:
        """Keys that exist now."""
        return [name for name in self._entries if self.get(name) is not None]

    def random_name(self) -> bytes | None:
        """Any key."""
        if not self._order:
            self._order.extend(self._entries)
        for _ in range(100):
            name = random.choice(self._order) if self._order else None  # noqa: S311 - a sample, not a secret
            if name is None or self.get(name) is not None:
                return name
        return next(iter(self.names()), None)

    def items(self) -> Iterator[tuple[bytes, str, Any, float | None]]:
        """Name, kind, plain value and remaining seconds of every key, to load a real server with.

        The value of a stream is a `tools.brokers.redis.stub_streams.Stream`.
        """
        for name in self.names():
            entry = self._entries[name]
            value = [entry.value[i] for i in range(len(entry.value))] if entry.kind == "list" else entry.value
            left = entry.expires_at - now() if entry.expires_at is not None else None
            yield name, entry.kind, value, left

    def info_fields(self) -> dict[str, str]:
        """INFO as it stands."""
        return {**HEALTHY_INFO, "connected_clients": str(len(self.clients) + 1), **self.info}


def now() -> float:
    """The stub's clock, seconds."""
    return time.monotonic()


def encode(value: object) -> bytes:
    """Text and numbers as Redis keeps them."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def _stored(kind: str, value: Any) -> Any:
    if isinstance(value, Backlog) or kind == "stream":
        return value
    if kind == "list":
        return [encode(item) for item in value]
    if kind == "set":
        return {encode(item) for item in value}
    if kind == "hash":
        return {encode(key): encode(item) for key, item in dict(value).items()}
    if kind == "zset":
        return {encode(key): float(score) for key, score in dict(value).items()}
    return encode(value)
