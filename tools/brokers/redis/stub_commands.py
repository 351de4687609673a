"""The commands that the stub answers: those that our readers send, with Redis' own replies and error texts."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from tools.brokers.redis import stub_keys
from tools.brokers.redis.session import Command, ReplyError, text
from tools.brokers.redis.stub_keys import Entry, KeySpace, encode
from tools.brokers.redis.stub_server import HANDLERS as SERVER_HANDLERS
from tools.brokers.redis.stub_streams import HANDLERS as STREAM_HANDLERS

Arguments = list[bytes]
_WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"


def answer(space: KeySpace, command: Command) -> Any:
    """The reply to one command, in the shapes of RESP 2; errors as `ReplyError`."""
    name, *arguments = [encode(part) for part in command]
    handler = _HANDLERS.get(name.decode().upper())
    if handler is None:
        return ReplyError(f"ERR unknown command '{name.decode()}'")
    try:
        return handler(space, arguments)
    except ReplyError as error:
        return error
    except (IndexError, ValueError):
        return ReplyError("ERR syntax error")


def _typed(space: KeySpace, name: bytes, kind: str) -> Entry | None:
    entry = space.get(name)
    if entry is not None and entry.kind != kind:
        raise ReplyError(_WRONG_TYPE)
    return entry


def _length(kind: str) -> Callable[[KeySpace, Arguments], int]:
    def length(space: KeySpace, a: Arguments) -> int:
        entry = _typed(space, a[0], kind)
        return len(entry.value) if entry else 0

    return length


def _scan(space: KeySpace, a: Arguments) -> list[Any]:
    options = {a[i].upper(): text(a[i + 1]) for i in range(1, len(a) - 1, 2)}
    names = space.names()
    if kind := options.get(b"TYPE"):
        names = [n for n in names if (entry := space.get(n)) and entry.kind == kind]
    if pattern := options.get(b"MATCH"):
        names = [n for n in names if fnmatch.fnmatchcase(text(n), pattern)]
    return [b"0", names]


def _lrange(space: KeySpace, a: Arguments) -> list[bytes]:
    entry = _typed(space, a[0], "list")
    if entry is None:
        return []
    return [entry.value[i] for i in range(*_bounds(a, len(entry.value)))]


def _lindex(space: KeySpace, a: Arguments) -> bytes | None:
    entry = _typed(space, a[0], "list")
    if entry is None:
        return None
    size, index = len(entry.value), int(a[1])
    index += size if index < 0 else 0
    return entry.value[index] if 0 <= index < size else None


def _smembers(space: KeySpace, a: Arguments) -> list[bytes]:
    entry = _typed(space, a[0], "set")
    return list(entry.value) if entry else []


def _sismember(space: KeySpace, a: Arguments) -> int:
    entry = _typed(space, a[0], "set")
    return int(entry is not None and a[1] in entry.value)


def _hgetall(space: KeySpace, a: Arguments) -> list[bytes]:
    entry = _typed(space, a[0], "hash")
    return [part for pair in entry.value.items() for part in pair] if entry else []


def _hmget(space: KeySpace, a: Arguments) -> list[bytes | None]:
    entry = _typed(space, a[0], "hash")
    return [entry.value.get(name) if entry else None for name in a[1:]]


def _mget(space: KeySpace, a: Arguments) -> list[bytes | None]:
    entries = (space.get(name) for name in a)
    return [entry.value if entry and entry.kind == "string" else None for entry in entries]


def _hget(space: KeySpace, a: Arguments) -> bytes | None:
    entry = _typed(space, a[0], "hash")
    return entry.value.get(a[1]) if entry else None


def _hscan(space: KeySpace, a: Arguments) -> list[Any]:
    entry = _typed(space, a[0], "hash")
    pairs = list(entry.value.items()) if entry else []
    options = {a[i].upper(): int(a[i + 1]) for i in range(2, len(a) - 1, 2)}
    start, count = int(a[1]), options.get(b"COUNT", 10)
    page = pairs[start : start + count]
    following = start + count if start + count < len(pairs) else 0
    return [encode(following), [part for pair in page for part in pair]]


def _zrange(space: KeySpace, a: Arguments) -> list[bytes]:
    entry = _typed(space, a[0], "zset")
    if entry is None:
        return []
    ordered = sorted(entry.value.items(), key=lambda item: (item[1], item[0]))
    chosen = [ordered[i] for i in range(*_bounds(a, len(ordered)))]
    if b"WITHSCORES" in (part.upper() for part in a[3:]):
        return [part for member, score in chosen for part in (member, encode(f"{score:.17g}"))]
    return [member for member, _ in chosen]


def _zcount(space: KeySpace, a: Arguments) -> int:
    return len(_by_score(space, a))


def _zrangebyscore(space: KeySpace, a: Arguments) -> list[bytes]:
    options = [part.upper() for part in a[3:]]
    found = _by_score(space, a)
    if b"LIMIT" in options:
        start, count = (int(a[3 + options.index(b"LIMIT") + n]) for n in (1, 2))
        found = found[start:] if count < 0 else found[start : start + count]
    if b"WITHSCORES" in options:
        return [part for member, score in found for part in (member, encode(f"{score:.17g}"))]
    return [member for member, _ in found]


def _by_score(space: KeySpace, a: Arguments) -> list[tuple[bytes, float]]:
    """Members between two scores, in order; `(` leaves an end out."""
    entry = _typed(space, a[0], "zset")
    low, high = (float(part.lstrip(b"(")) for part in a[1:3])
    out_low, out_high = (part.startswith(b"(") for part in a[1:3])
    ordered = sorted(entry.value.items(), key=lambda item: (item[1], item[0])) if entry else []
    return [
        (member, score)
        for member, score in ordered
        if (score > low if out_low else score >= low) and (score < high if out_high else score <= high)
    ]


def _zscore(space: KeySpace, a: Arguments) -> bytes | None:
    entry = _typed(space, a[0], "zset")
    return encode(f"{entry.value[a[1]]:.17g}") if entry and a[1] in entry.value else None


def _whole(kind: str) -> Callable[[KeySpace, Arguments], list[Any]]:
    """SSCAN and ZSCAN in one page."""

    def scan(space: KeySpace, a: Arguments) -> list[Any]:
        entry = _typed(space, a[0], kind)
        if entry is None:
            return [b"0", []]
        if kind == "set":
            return [b"0", list(entry.value)]
        return [b"0", [part for m, score in entry.value.items() for part in (m, encode(f"{score:.17g}"))]]

    return scan


def _pttl(space: KeySpace, a: Arguments) -> int:
    entry = space.get(a[0])
    if entry is None:
        return -2
    return -1 if entry.expires_at is None else round(1000 * (entry.expires_at - stub_keys.now()))


def _ttl(space: KeySpace, a: Arguments) -> int:
    milliseconds = _pttl(space, a)
    return milliseconds if milliseconds < 0 else round(milliseconds / 1000)


def _memory(space: KeySpace, a: Arguments) -> int | None:
    if a[0].upper() != b"USAGE":
        raise ReplyError(f"ERR unknown subcommand '{text(a[0])}'")
    entry = space.get(a[1])
    if entry is None:
        return None
    if entry.size is not None:
        return entry.size
    return 64 + len(a[1]) + _bytes_of(entry)


def _bytes_of(entry: Entry) -> int:
    """About what the server would use: the elements, a list's by its first one."""
    if entry.kind == "list":
        return len(entry.value) * (16 + len(entry.value[0]))
    if entry.kind == "stream":
        return 100 * len(entry.value)
    if entry.kind == "hash":
        return sum(64 + len(key) + len(value) for key, value in entry.value.items())
    return len(entry.value) if isinstance(entry.value, bytes) else sum(64 + len(member) for member in entry.value)


def _type(space: KeySpace, a: Arguments) -> bytes:
    entry = space.get(a[0])
    return encode(entry.kind if entry else "none")


def _get(space: KeySpace, a: Arguments) -> bytes | None:
    entry = _typed(space, a[0], "string")
    return entry.value if entry else None


def _bounds(a: Arguments, size: int) -> tuple[int, int]:
    """Redis' inclusive, perhaps negative, start and stop as a Python range."""
    start, stop = (int(v) + size if int(v) < 0 else int(v) for v in a[1:3])
    return max(0, start), min(size, stop + 1)


_HANDLERS: dict[str, Callable[[KeySpace, Arguments], Any]] = {
    "SCAN": _scan,
    "RANDOMKEY": lambda space, a: space.random_name(),
    "EXISTS": lambda space, a: sum(1 for name in a if space.get(name)),
    "TYPE": _type,
    "PTTL": _pttl,
    "TTL": _ttl,
    "MEMORY": _memory,
    "GET": _get,
    "STRLEN": lambda space, a: len(_get(space, a) or b""),
    "LLEN": _length("list"),
    "LRANGE": _lrange,
    "LINDEX": _lindex,
    "SCARD": _length("set"),
    "SMEMBERS": _smembers,
    "HLEN": _length("hash"),
    "HGET": _hget,
    "HSTRLEN": lambda space, a: len(_hget(space, a) or b""),
    "HSCAN": _hscan,
    "ZCARD": _length("zset"),
    "ZRANGE": _zrange,
    "ZCOUNT": _zcount,
    "ZSCORE": _zscore,
    "ZRANGEBYSCORE": _zrangebyscore,
    "ZSCAN": _whole("zset"),
    "SSCAN": _whole("set"),
    "SISMEMBER": _sismember,
    "HGETALL": _hgetall,
    "HVALS": lambda space, a: _hgetall(space, a)[1::2],
    "HMGET": _hmget,
    "MGET": _mget,
    **SERVER_HANDLERS,
    **STREAM_HANDLERS,
}
