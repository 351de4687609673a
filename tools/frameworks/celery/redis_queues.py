"""Celery's queues on Redis: every declared one, whether somebody consumes it or not, with the depth of each priority.

A declared queue whose lists are absent holds 0: Redis removes an empty list. A list of messages under a name that
nobody declared is Celery's too, for kombu leaves lists behind when its tables are lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.contract import At
from tools.frameworks.celery.layout import BINDING_PERMANENT, MAILBOX, SEPARATOR, Layout, Routes, prefix_of
from tools.frameworks.celery.messages import looks_like_message
from tools.frameworks.celery.wire import Command, Reader, integer, items, paste, run, shown, text, typed
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts

# Lists without a declaration that are looked into, largest first, and the largest element that is fetched for it.
MOST_LOOKED_INTO = 50
LARGEST_LOOK_BYTES = 1_000_000


@dataclass
class Queues:
    """What the lists and tables say.

    Attributes:
        depth: by queue, then by priority; a priority whose list could not be measured is None.
        declared: queues with a binding; the others of `depth` were found by their messages.
        refused: by key, what the server said instead of a length.
        claimed: keys that are explained.
    """

    layout: Layout
    routes: Routes
    depth: dict[str, dict[int, int | None]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    known_since: str = "kombu"
    other_prefixes: list[str] = field(default_factory=list)

    @property
    def declared(self) -> set[str]:
        """Queues that a binding names."""
        return set(self.routes.queues)

    def ready(self, queue: str) -> int | None:
        """Messages of all priorities; None when one of them is unknown."""
        depths = list(self.depth.get(queue, {}).values())
        known = [n for n in depths if n is not None]
        return sum(known) if depths and len(known) == len(depths) else None

    @property
    def wrong_type(self) -> list[str]:
        """Declared queues one of whose keys is not a list."""
        wrong = {found[0] for key, error in self.refused.items()
                 if error.startswith("WRONGTYPE") and (found := self.layout.queue_of(key))}  # fmt: skip
        return sorted(wrong & self.declared)


async def read_queues(session: Reader, broker: BrokerReading) -> Queues:
    """Declared queues and lists of messages with their depths."""
    sets: list[str] = broker.facts.get("sets", [])
    prefix, others = prefix_of(sets, broker.target.prefix)
    layout = Layout(prefix, broker.target.priority_steps)
    queues = Queues(layout, await read_routes(session, layout, sets), other_prefixes=others)
    if any(BINDING_PERMANENT in name for name in sets):
        queues.known_since = "kombu 5.7"
    lists: list[str] = broker.facts.get("lists", [])
    priorities = _found_priorities(layout, lists)
    names = {*queues.routes.queues, *(q for q, steps in priorities.items() if steps - {0})}
    names |= await _undeclared(session, queues, broker, lists, names)
    await _measure(session, queues, {q: {*layout.steps, *priorities.get(q, set())} for q in sorted(names)})
    queues.claimed |= {name for name in lists if name.endswith(MAILBOX)}
    if queues.routes.refused:
        # queues may be missing, so nobody may call the whole healthy
        broker.coverage.complete = False
    return queues


async def read_routes(session: Reader, layout: Layout, sets: list[str]) -> Routes:
    """The binding tables, read."""
    routes = Routes()
    keys = layout.binding_keys(sets)
    for key, reply in zip(keys, await run(session, [("SMEMBERS", key) for key in keys]), strict=True):
        if isinstance(reply, Exception):
            routes.refused[key] = str(reply)
        for member in sorted(text(m) for m in items(reply)):
            routes.add(layout.exchange_of(key), member)
    routes.workers = sorted(set(routes.workers))
    return routes


def record(queues: Queues, broker: BrokerReading, book: EvidenceBook) -> None:
    """Depths as evidence, each with the commands that read it."""
    for queue, depth in queues.depth.items():
        subject = f"{broker.target.name}/{queue}"
        filled = [step for step, n in depth.items() if n] or [0]
        keys = [queues.layout.key(queue, step) for step in filled]
        command = paste(broker.target.db, f"LLEN {typed(keys[0])}")
        ready = queues.ready(queue)
        if ready is not None:
            source = " + ".join(f"LLEN {shown(key)}" for key in keys)
            book.add("queue.ready", subject, ready, "messages", source, command)
        for step, key in zip(filled, keys, strict=True):
            if step:
                source, command = f"LLEN {shown(key)}", paste(broker.target.db, f"LLEN {typed(key)}")
                book.add(f"queue.priority.{step}", subject, depth[step], "messages", source, command)


def report(queues: Queues, broker: BrokerReading) -> tuple[list[Texts], list[Gap]]:
    """Notices and gaps: wrong types, refusals, tables that cannot be read, other prefixes."""
    name = broker.target.name
    notices: list[Texts] = []
    gaps: list[Gap] = []
    for key, error in sorted(queues.refused.items()):
        found = queues.layout.queue_of(key)
        at = At(target=name, framework="celery", queue=found[0] if found else None)
        gaps.append(Gap(at, "ready", Texts("celery_list_unread", {"place": shown(key), "detail": error})))
        if error.startswith("WRONGTYPE"):
            notices.append(Texts("celery_wrong_type", {"place": shown(key)}))
    for key, error in sorted(queues.routes.refused.items()):
        table = Texts("celery_table_unread", {"place": shown(key), "detail": error})
        gaps.append(Gap(At(target=name, framework="celery"), "queues", table))
    if queues.routes.unreadable:
        notices.append(Texts("celery_binding_unreadable", {"count": queues.routes.unreadable}))
    for prefix in queues.other_prefixes:
        at = At(target=name, framework="celery", namespace=prefix)
        gaps.append(Gap(at, "queues", Texts("celery_other_prefix", {"prefix": prefix or '""'})))
    return notices, gaps


async def _measure(session: Reader, queues: Queues, steps: dict[str, set[int]]) -> None:
    asked = [(queue, step) for queue, wanted in steps.items() for step in sorted(wanted)]
    keys = [queues.layout.key(queue, step) for queue, step in asked]
    replies = await run(session, [("LLEN", key) for key in keys])
    for (queue, step), key, reply in zip(asked, keys, replies, strict=True):
        queues.depth.setdefault(queue, {})[step] = integer(reply)
        queues.claimed.add(key)
        if integer(reply) is None:
            queues.refused[key] = str(reply)


def _found_priorities(layout: Layout, lists: list[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name in lists:
        if SEPARATOR in name and (place := layout.queue_of(name)):
            found.setdefault(place[0], set()).add(place[1])
    return found


async def _undeclared(
    session: Reader, queues: Queues, broker: BrokerReading, lists: list[str], known: set[str]
) -> set[str]:
    """Queues that only their messages give away."""
    lengths: dict[str, int] = broker.facts.get("list_lengths", {})
    unexplained = [
        name
        for name in sorted(lists, key=lambda n: -lengths.get(n, 0))
        if (place := queues.layout.queue_of(name)) and place[0] not in known and not name.endswith(MAILBOX)
    ][:MOST_LOOKED_INTO]
    sizes = await run(session, [("MEMORY", "USAGE", name, "SAMPLES", 1) for name in unexplained])
    small = [
        name
        for name, size in zip(unexplained, sizes, strict=True)
        if (integer(size) or 0) / max(1, lengths.get(name, 1)) < LARGEST_LOOK_BYTES
    ]
    commands: list[Command] = [("LINDEX", name, -1) for name in small]
    heads = await run(session, commands)
    return {name.removeprefix(queues.layout.prefix) for name, head in zip(small, heads, strict=True)
            if looks_like_message(head)}  # fmt: skip
