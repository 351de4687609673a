"""Replies of a Redis session as Celery's readers need them: counts that may be unknown, names as text, pipelines.

A reply that is an exception is the server's error to that one command (see the session of the Redis broker).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Protocol

Command = tuple[str | int | float | bytes, ...]

# Commands of one pipeline: large enough to cost few round trips, small enough to keep other clients served.
PIPELINE = 2_000


class Reader(Protocol):
    """What a reader needs of a session."""

    async def run(self, *commands: Command) -> list[Any]:
        """One reply per command."""
        ...


async def run(session: Reader, commands: Sequence[Command]) -> list[Any]:
    """All commands, in pipelines of at most `PIPELINE`."""
    replies: list[Any] = []
    for start in range(0, len(commands), PIPELINE):
        replies += await session.run(*commands[start : start + PIPELINE])
    return replies


def integer(reply: Any) -> int | None:
    """The number, or None where the server gave an error or nothing."""
    return reply if isinstance(reply, int) else None


def items(reply: Any) -> list[Any]:
    """The elements of an array or set reply; none for an error."""
    return list(reply) if isinstance(reply, (list, tuple, set)) else []


def text(value: object) -> str:
    """Bytes as text; bytes that are not UTF-8 survive the way back (surrogate escapes)."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def typed(name: str) -> str:
    """A key as one word of a shell command; control characters become escapes of `$'…'`."""
    if name.isprintable():
        return shlex.quote(name)
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if c.isprintable() else _escape(c) for c in quoted) + "'"


def shown(name: str) -> str:
    """A key as it is written in a text: control characters as escapes."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)


def paste(db: int, command: str) -> str:
    """The command as a person can paste it; host and credentials are theirs to add."""
    return f"redis-cli -n {db} {command}"


def _escape(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
