"""What the stub's server says about itself: INFO, CLIENT LIST, CONFIG GET, SLOWLOG, TIME."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import Callable
from typing import Any

from tools.brokers.redis.session import ReplyError, text
from tools.brokers.redis.stub_keys import KeySpace, encode

Arguments = list[bytes]


def _info(space: KeySpace, _a: Arguments) -> bytes:
    return encode("# Server\r\n" + "".join(f"{k}:{v}\r\n" for k, v in space.info_fields().items()))


def _client(space: KeySpace, a: Arguments) -> bytes:
    if a[0].upper() != b"LIST":
        raise ReplyError(f"ERR unknown subcommand '{text(a[0])}'")
    ours = f"id=2 addr=127.0.0.1:1 name=queuewright age=0 idle=0 flags=N db={space.db} sub=0 psub=0 cmd=client|list\n"
    rows = (
        f"id={number} addr=127.0.0.1:{40_000 + number} name={c.name} age=60 idle=0 flags={c.flags} db={c.db} sub=0 "
        f"psub={c.psub} cmd={c.cmd}\n"
        for number, c in enumerate(space.clients, start=3)
    )
    return encode(ours + "".join(rows))


def _config(space: KeySpace, a: Arguments) -> list[bytes]:
    if a[0].upper() != b"GET":
        raise ReplyError(f"ERR unknown subcommand '{text(a[0])}'")
    found = {k: v for k, v in space.config.items() if any(fnmatch.fnmatchcase(k, text(p)) for p in a[1:])}
    return [encode(part) for pair in found.items() for part in pair]


def _slowlog(space: KeySpace, a: Arguments) -> Any:
    if a[0].upper() == b"LEN":
        return len(space.slow_log)
    now = int(time.time())
    rows = [
        [
            number,
            now - int(s.age_s),
            int(s.ms * 1_000),
            [encode(p) for p in s.command],
            b"127.0.0.1:1",
            encode(s.client),
        ]
        for number, s in enumerate(space.slow_log)
    ]
    return rows[: int(a[1]) if len(a) > 1 else 10]


def _time(_space: KeySpace, _a: Arguments) -> list[bytes]:
    now = time.time()
    return [encode(int(now)), encode(int(now % 1 * 1_000_000))]


HANDLERS: dict[str, Callable[[KeySpace, Arguments], Any]] = {
    "PING": lambda space, a: b"PONG",
    "INFO": _info,
    "DBSIZE": lambda space, a: len(space.names()),
    "CLIENT": _client,
    "TIME": _time,
    "CONFIG": _config,
    "SLOWLOG": _slowlog,
}
