"""Rows of `/api/queues` into records, consumers and counters.

`details` of a record; absent where RabbitMQ does not say it:

- `state` (`running`, `idle`, `flow`, `down`, `stopped`, `minority` …), `durable`, `exclusive`, `auto_delete`
- `node` (of a classic queue, or the leader), `members` and `online` (replicas of a quorum queue or stream)
- `policy`, `operator_policy`: their names
- `settings`: what arguments and policies set together: `max_length`, `max_length_bytes`, `message_ttl_ms`,
  `expires_ms`, `overflow`, `delivery_limit` (20 on quorum queues since 4.0 without a setting; -1 is none),
  `max_priority`, `consumer_timeout_ms`, `single_active_consumer`, `queue_mode`, `max_age`, `dead_letter_strategy`
- `dead_letter`: see `deadletters.py`
- `counted`: `publish ack deliver deliver_no_ack get get_no_ack redeliver` since the nodes' start
- `rates`: `publish ack deliver_get redeliver` per second, as RabbitMQ computes them over its last interval
- `prefetch`: see `clients.py`
- `capacity`: share of time in which the queue could hand out at once (`consumer_capacity`), 0 to 1
- `retained`: messages that a stream holds. Reading does not remove them, so they are not `ready`
- `bytes` (of all messages), `memory_bytes`, `idle_since`
"""

from __future__ import annotations

import time
from typing import Any

from tools.brokers.rabbitmq.columns import COUNTED, RATED, mapping, number, rate, text
from tools.brokers.rabbitmq.session import Row
from tools.contract import QueueRecord
from tools.reading import Counters

# (argument, policy key); None where a policy cannot set it.
SETTINGS = {
    "max_length": ("x-max-length", "max-length"),
    "max_length_bytes": ("x-max-length-bytes", "max-length-bytes"),
    "message_ttl_ms": ("x-message-ttl", "message-ttl"),
    "expires_ms": ("x-expires", "expires"),
    "delivery_limit": ("x-delivery-limit", "delivery-limit"),
    "consumer_timeout_ms": ("x-consumer-timeout", "consumer-timeout"),
    "overflow": ("x-overflow", "overflow"),
    "max_priority": ("x-max-priority", None),
    "single_active_consumer": ("x-single-active-consumer", None),
    "queue_mode": ("x-queue-mode", "queue-mode"),
    "max_age": ("x-max-age", "max-age"),
    "dead_letter_strategy": ("x-dead-letter-strategy", "dead-letter-strategy"),
}
DEFAULT_DELIVERY_LIMIT = 20
_PLAIN = ("state", "policy", "operator_policy", "idle_since")
_MOST_MEMBERS = 20


def record_of(row: Row, major: int | None) -> QueueRecord | None:
    """The record of a row; None for a row without name or virtual host.

    Args:
        major: RabbitMQ's major version, for settings that have a default; None when unknown.
    """
    name, vhost = row.get("name"), row.get("vhost")
    if not isinstance(name, str) or not isinstance(vhost, str):
        return None
    arguments = mapping(row.get("arguments"))
    kind = text(row.get("type"), 40) or text(arguments.get("x-queue-type"), 40) or "classic"
    stream = kind == "stream"
    # Built without validation: every value was checked here, and a broker may have thousands of queues.
    return QueueRecord.model_construct(
        name=name,
        framework=None,
        namespace=vhost,
        kind=kind,
        ready=None if stream else number(row.get("messages_ready")),
        in_flight=number(row.get("messages_unacknowledged")),
        scheduled=None,
        retrying=None,
        dead=None,
        consumers=number(row.get("consumers")),
        oldest_age_s=_age(row.get("head_message_timestamp")),
        priorities=_priorities(row),
        paused=None,
        details=_details(row, arguments, kind, major),
    )


def counters_of(row: Row, epoch: str) -> Counters | None:
    """What passed a queue; None where RabbitMQ keeps no statistics of it (yet).

    RabbitMQ lists only what happened at least once, so a counter that is absent beside counts of messages is 0.
    A message delivered without acknowledgement is complete when it is delivered.
    """
    if number(row.get("messages")) is None:
        return None
    stats = mapping(row.get("message_stats"))
    completed = sum(number(stats.get(name)) or 0 for name in ("ack", "deliver_no_ack", "get_no_ack"))
    return Counters(arrived=number(stats.get("publish")) or 0, completed=completed, epoch=epoch)


def settings_of(row: Row, kind: str, major: int | None) -> dict[str, Any]:
    """What arguments and effective policy set. Of two numbers the lower one applies, of other values the argument."""
    arguments, policy = mapping(row.get("arguments")), mapping(row.get("effective_policy_definition"))
    found: dict[str, Any] = {}
    if arguments or policy:
        for name, (argument, key) in SETTINGS.items():
            given = [arguments.get(argument), policy.get(key) if key else None]
            values = [value for value in given if isinstance(value, (int, float, str, bool))]
            if values:
                found[name] = _applies(values)
    if kind == "quorum" and "delivery_limit" not in found and major is not None and major >= 4:
        found["delivery_limit"] = DEFAULT_DELIVERY_LIMIT
    return found


def _applies(values: list[Any]) -> Any:
    limits = [value for value in values if isinstance(value, int) and not isinstance(value, bool) and value >= 0]
    if len(limits) == len(values) or (limits and len(values) > 1):
        return min(limits)
    return values[0][:200] if isinstance(values[0], str) else values[0]


def _details(row: Row, arguments: Row, kind: str, major: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {key: value for key in _PLAIN if (value := text(row.get(key)))}
    found |= {key: row[key] for key in ("durable", "exclusive", "auto_delete") if isinstance(row.get(key), bool)}
    if node := text(row.get("node")) or text(row.get("leader")):
        found["node"] = node
    for key in ("members", "online"):
        if isinstance(row.get(key), list):
            found[key] = [str(member)[:200] for member in row[key][:_MOST_MEMBERS]]
    if arguments or row.get("effective_policy_definition") or kind == "quorum":
        found |= {"settings": values} if (values := settings_of(row, kind, major)) else {}
    _add_numbers(found, row, kind)
    return found


def _add_numbers(found: dict[str, Any], row: Row, kind: str) -> None:
    for key, column in (("bytes", "message_bytes"), ("memory_bytes", "memory")):
        if (value := number(row.get(column))) is not None:
            found[key] = value
    if (capacity := rate(row.get("consumer_capacity"))) is not None:
        found["capacity"] = capacity
    if kind == "stream" and (retained := number(row.get("messages"))) is not None:
        found["retained"] = retained
    if stats := mapping(row.get("message_stats")):
        found["counted"] = {name: value for name in COUNTED if (value := number(stats.get(name))) is not None}
        rates = ((name, rate(mapping(stats.get(f"{name}_details")).get("rate"))) for name in RATED)
        found["rates"] = {name: per_s for name, per_s in rates if per_s is not None}


def _priorities(row: Row) -> dict[str, int] | None:
    """Waiting messages by priority, which only classic queues with `x-max-priority` show."""
    lengths = mapping(mapping(row.get("backing_queue_status")).get("priority_lengths"))
    found = {str(level): count for level, count in lengths.items() if (number(count) is not None)}
    return found or None


def _age(timestamp: Any) -> float | None:
    """Seconds since the publisher's own timestamp of the first message; None when it set none."""
    seconds = number(timestamp)
    return round(max(0.0, time.time() - seconds), 1) if seconds else None
