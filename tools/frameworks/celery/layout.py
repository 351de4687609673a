r"""Names of the keys that kombu's Redis transport uses (kombu 5.7, `kombu/transport/redis.py`; 5.3 to 5.6 the same).

- `_kombu.binding.<exchange>`: set; a member is routing key, pattern and queue, joined by `\x06\x16`. Every queue that a
  worker or a producer declared stands there, consumed or not. `_kombu.binding_permanent.<exchange>` (5.7) is its copy
  for queues that do not expire.
- `<queue>`: list of priority 0; `<queue>\x06\x16<step>`: the other priorities. Pushed left, popped right.
- `unacked`: hash, delivery tag to `[message, exchange, routing key]`; `unacked_index`: zset, delivery tag to the time
  of delivery.
- `<node>.celery.pidbox` in `_kombu.binding.celery.pidbox`: a worker's mailbox. A worker that stops cleanly removes it,
  a killed one leaves it.
- `<id>.reply.celery.pidbox`: list of replies to a control command.

`global_keyprefix` stands before all of them.
"""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

SEPARATOR = "\x06\x16"
BINDING = "_kombu.binding."
BINDING_PERMANENT = "_kombu.binding_permanent."
REPLY_QUEUE = ".reply.celery.pidbox"
MAILBOX = ".celery.pidbox"
_CONTROL_EXCHANGES = {"celeryev", "celery.pidbox", "reply.celery.pidbox"}


@dataclass(frozen=True)
class Binding:
    """One queue bound to one exchange."""

    exchange: str
    routing_key: str
    pattern: str
    queue: str


@dataclass(frozen=True)
class Layout:
    """Key names under one prefix. `steps` are the priorities that a list may exist for."""

    prefix: str = ""
    steps: tuple[int, ...] = (0, 3, 6, 9)

    @property
    def unacked(self) -> str:
        """The hash of delivered, unacknowledged messages."""
        return f"{self.prefix}unacked"

    @property
    def unacked_index(self) -> str:
        """The zset of their delivery times."""
        return f"{self.prefix}unacked_index"

    def key(self, queue: str, step: int = 0) -> str:
        """The list of a queue's priority."""
        return f"{self.prefix}{queue}{SEPARATOR}{step}" if step else f"{self.prefix}{queue}"

    def binding_keys(self, sets: Iterable[str]) -> list[str]:
        """The binding tables among the sets, and the two that nearly every installation has."""
        usual = {f"{self.prefix}{BINDING}celery", f"{self.prefix}{BINDING}celery.pidbox"}
        starts = (self.prefix + BINDING, self.prefix + BINDING_PERMANENT)
        return sorted(usual | {name for name in sets if name.startswith(starts)})

    def exchange_of(self, key: str) -> str:
        """The exchange that a binding table belongs to."""
        name = key.removeprefix(self.prefix)
        return name.removeprefix(BINDING_PERMANENT if name.startswith(BINDING_PERMANENT) else BINDING)

    def queue_of(self, key: str) -> tuple[str, int] | None:
        """Queue and priority of a list; None for a list under another prefix."""
        if not key.startswith(self.prefix):
            return None
        name = key.removeprefix(self.prefix)
        queue, separator, step = name.rpartition(SEPARATOR)
        return (queue, int(step)) if separator and step.isdecimal() and queue else (name, 0)


@dataclass
class Routes:
    """What the binding tables say.

    Attributes:
        queues: declared queues, each with the exchange it is bound to first.
        workers: node names in the control exchange's table.
        unreadable: members that do not have three fields (another separator is configured).
        refused: by table, what the server said instead of its members.
    """

    queues: dict[str, str] = field(default_factory=dict)
    workers: list[str] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    unreadable: int = 0
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, exchange: str, member: str) -> None:
        """Takes one member of a binding table."""
        fields = member.split(SEPARATOR)
        if len(fields) != 3 or not fields[2]:
            self.unreadable += 1
            return
        binding = Binding(exchange, *fields)
        if exchange in _CONTROL_EXCHANGES or exchange.endswith(".pidbox"):
            if binding.queue.endswith(MAILBOX) and not exchange.startswith("reply."):
                self.workers.append(binding.queue.removesuffix(MAILBOX))
        else:
            self.bindings.append(binding)
            self.queues.setdefault(binding.queue, exchange)

    def queue_for(self, exchange: str, routing_key: str) -> str:
        """The queue that a message was routed to; the routing key itself where no table tells."""
        bound = [b for b in self.bindings if b.exchange == exchange]
        for binding in bound:
            if binding.routing_key == routing_key:
                return binding.queue
        if routing_key in self.queues:
            return routing_key
        for binding in bound:
            glob = binding.routing_key.replace("#", "*")
            if "*" in glob and fnmatch.fnmatchcase(routing_key, glob):
                return binding.queue
        return bound[0].queue if len(bound) == 1 else routing_key


def prefix_of(sets: Iterable[str], configured: str) -> tuple[str, list[str]]:
    """The prefix to read, and others that binding tables stand under where none was configured.

    The configured one wins; without one, tables without prefix, else the prefix that most tables have.
    """
    if configured:
        return configured, []
    found = Counter(name[: name.index(BINDING)] for name in sets if BINDING in name)
    chosen = "" if not found or "" in found else max(found, key=lambda prefix: (found[prefix], prefix))
    return chosen, sorted(set(found) - {chosen})
