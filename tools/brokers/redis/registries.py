"""Keys that frameworks keep a register of their queues in, under their usual names: read where the scan cannot be.

- RQ: set `rq:queues` of list keys, set `rq:workers`. Sidekiq: set `queues` of names whose lists are `queue:<name>`, set
  `processes`, sorted sets `schedule`, `retry`, `dead`.
- Celery: sets `_kombu.binding.celery`, `_kombu.binding.celery.pidbox`; hash `unacked`, sorted set `unacked_index`.
- Dramatiq: sorted set `dramatiq:__heartbeats__`. arq: sorted set `arq:queue`. TaskiQ: `taskiq`, a list or a stream.
"""

from __future__ import annotations

from tools.brokers.redis.keyspace import Keyspace
from tools.brokers.redis.session import Command, RedisSession, failed, text

_KNOWN = (
    "_kombu.binding.celery", "_kombu.binding.celery.pidbox", "_kombu.binding_permanent.celery", "unacked",
    "unacked_index", "rq:queues", "rq:workers", "queues", "processes", "schedule", "retry", "dead",
    "dramatiq:__heartbeats__", "dramatiq:default", "arq:queue", "taskiq", "celery",
)  # fmt: skip
# What stands before a member to make it the key of its list.
_REGISTERS = {"rq:queues": "", "queues": "queue:"}
MOST_MEMBERS = 10_000


async def complete(session: RedisSession, found: Keyspace, prefix: str = "") -> None:
    """Adds what the registers tell to what an unfinished or refused scan has found."""
    names = [prefix + name for name in _KNOWN]
    kinds = await session.run(*(("TYPE", name) for name in names))
    for name, kind in zip(names, kinds, strict=True):
        if not failed(kind) and text(kind) in found.names:
            found.names[text(kind)].append(name)
    registers: list[tuple[str, Command]] = [
        (before, ("SSCAN", prefix + name, 0, "COUNT", MOST_MEMBERS)) for name, before in _REGISTERS.items()
    ]
    for (before, _), reply in zip(registers, await session.run(*(c for _, c in registers)), strict=True):
        if not failed(reply):
            found.names["list"] += [prefix + before + text(member) for member in reply[1]]
    found.names = {kind: sorted(set(several)) for kind, several in found.names.items()}
