"""Where dead letters go: from the setting of a queue through exchange and bindings to the queue that receives them.

`details["dead_letter"]` of a record:

- `exchange` (`""` is the default exchange), `routing_key` (null: the message keeps its own), `by` (`argument` or
  `policy`)
- `queues`: where they may arrive, as `vhost/name`; `queue`: the one, where there is exactly one
- `returns`: true when that queue sends its own dead letters back here: messages then wait there for another try, and
  count as `retrying`, not as `dead`
- `delays`: true for a queue without consumers whose messages expire into a queue of work: it makes them wait, and what
  it sends on is not dead
- `problem`: `exchange_missing` or `unroutable` (dead letters are dropped), `any_routing_key` (the default exchange and
  no routing key: it depends on each message), `several` (more than one queue), `not_followed`
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tools.brokers.rabbitmq.columns import BINDINGS, EXCHANGE, mapping
from tools.brokers.rabbitmq.session import RabbitSession, Row
from tools.contract import QueueRecord
from tools.errors import Forbidden, TargetError, Unsupported
from tools.reading import address

# Exchanges of one reading, two calls each. Most brokers have one or two dead-letter exchanges.
MOST_EXCHANGES = 40
MOST_DEPTH = 4
Key = tuple[str, str]


@dataclass(frozen=True)
class Exchange:
    """Type and bindings; None where there is no such exchange."""

    kind: str
    bindings: tuple[tuple[str, str, str], ...]
    """(destination, destination type, routing key)"""


Exchanges = Mapping[Key, Exchange | None]


async def follow(session: RabbitSession, rows: Iterable[Row], records: Mapping[Key, QueueRecord]) -> None:
    """Completes `details["dead_letter"]`, `dead` and `retrying` of every record that dead-letters.

    Args:
        records: by virtual host and name; all that were read.
    """
    wanted: dict[Key, Row] = {}
    for row in rows:
        if (setting := setting_of(row)) is not None:
            wanted[(row["vhost"], row["name"])] = setting
    exchanges = await _exchanges(session, {(vhost, s["exchange"]) for (vhost, _), s in wanted.items() if s["exchange"]})
    for key, setting in wanted.items():
        _resolve(key, setting, exchanges, records)
        records[key].details["dead_letter"] = setting
    for key, setting in wanted.items():
        _count(key, setting, wanted, records)


def setting_of(row: Row) -> dict[str, Any] | None:
    """Exchange, routing key and who set it; an argument wins over a policy. None: the queue does not dead-letter."""
    arguments, policy = mapping(row.get("arguments")), mapping(row.get("effective_policy_definition"))
    for by, source, prefix in (("argument", arguments, "x-"), ("policy", policy, "")):
        exchange = source.get(f"{prefix}dead-letter-exchange")
        if isinstance(exchange, str):
            key = arguments.get("x-dead-letter-routing-key", policy.get("dead-letter-routing-key"))
            return {"exchange": exchange, "routing_key": key if isinstance(key, str) else None, "by": by}
    return None


async def _exchanges(session: RabbitSession, wanted: set[Key]) -> dict[Key, Exchange | None]:
    """The exchanges and those behind them, each asked once; one that could not be read is left out."""
    found: dict[Key, Exchange | None] = {}
    asked: set[Key] = set()
    for _ in range(MOST_DEPTH):
        now = sorted(wanted - asked)[: MOST_EXCHANGES - len(asked)]
        if not now:
            break
        asked |= set(now)
        answers = await asyncio.gather(*(_exchange(session, *key) for key in now))
        for key, answer in zip(now, answers, strict=True):
            if not isinstance(answer, TargetError):
                found[key] = answer
        wanted = {
            (vhost, destination)
            for (vhost, _), exchange in found.items()
            if exchange
            for destination, kind, _ in exchange.bindings
            if kind == "exchange"
        }
    return found


async def _exchange(session: RabbitSession, vhost: str, name: str) -> Exchange | TargetError | None:
    try:
        seen = await session.get("exchanges", vhost, name, columns=",".join(EXCHANGE))
        rows = await session.get("exchanges", vhost, name, "bindings", "source", columns=",".join(BINDINGS))
    except Unsupported as error:
        return None if str(error.facts.get("detail", "")).startswith("404") else error
    except TargetError as error:
        if isinstance(error, Forbidden):
            return error
        raise
    bindings = tuple(
        (str(row.get("destination")), str(row.get("destination_type")), str(row.get("routing_key", "")))
        for row in rows
        if isinstance(row, dict)
    )
    return Exchange(str(mapping(seen).get("type")), bindings)


def _resolve(key: Key, setting: dict[str, Any], exchanges: Exchanges, records: Mapping[Key, QueueRecord]) -> None:
    vhost, exchange, routing_key = key[0], setting["exchange"], setting["routing_key"]
    if not exchange:
        if routing_key is None:
            setting["problem"] = "any_routing_key"
            return
        names = {routing_key} if (vhost, routing_key) in records else set()
    elif (vhost, exchange) not in exchanges:
        setting["problem"] = "not_followed"
        return
    elif exchanges[(vhost, exchange)] is None:
        setting["problem"] = "exchange_missing"
        return
    else:
        names = _reached(vhost, exchange, routing_key, exchanges, frozenset())
    setting["queues"] = sorted(f"{vhost}/{name}" for name in names)[:10]
    if len(names) == 1:
        setting["queue"] = next(iter(names))
    else:
        setting["problem"] = "several" if names else "unroutable"


def _reached(
    vhost: str, exchange: str, routing_key: str | None, exchanges: Exchanges, passed: frozenset[str]
) -> set[str]:
    """Queues that a message may reach; with an unknown routing key every binding counts."""
    found: set[str] = set()
    known = exchanges.get((vhost, exchange))
    if known is None or exchange in passed:
        return found
    for destination, kind, pattern in known.bindings:
        if routing_key is not None and not _matches(known.kind, pattern, routing_key):
            continue
        if kind == "queue":
            found.add(destination)
        else:
            found |= _reached(vhost, destination, routing_key, exchanges, passed | {exchange})
    return found


def _matches(kind: str, pattern: str, routing_key: str) -> bool:
    """Whether a binding takes a routing key; of types other than direct and topic every binding may."""
    if kind == "direct":
        return pattern == routing_key
    return _topic(pattern.split("."), routing_key.split(".")) if kind == "topic" else True


def _topic(pattern: list[str], words: list[str]) -> bool:
    """AMQP topics: `*` is one word, `#` any number of them. Row by row, so that no pattern takes exponential time."""
    reachable = {0}
    for part in pattern:
        if part == "#":
            reachable = set(range(min(reachable), len(words) + 1)) if reachable else set()
        else:
            reachable = {i + 1 for i in reachable if i < len(words) and part in {"*", words[i]}}
    return len(words) in reachable


def _count(key: Key, setting: dict[str, Any], settings: Mapping[Key, Row], records: Mapping[Key, QueueRecord]) -> None:
    record = records[key]
    place = records.get((key[0], setting.get("queue", "")))
    if "queue" not in setting or place is None or place is record:
        return
    back = address(record) in settings.get((key[0], setting["queue"]), {}).get("queues", [])
    if back:
        setting["returns"] = True
    waits = _expires(record) and record.consumers == 0
    if waits and (bool(place.consumers) or (back and not _expires(place))):
        setting["delays"] = True
    elif back:
        record.retrying = place.ready
    else:
        record.dead = place.ready


def _expires(record: QueueRecord) -> bool:
    return "message_ttl_ms" in record.details.get("settings", {})
