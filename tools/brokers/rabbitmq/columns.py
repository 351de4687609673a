"""The columns that are asked for. RabbitMQ leaves a column that it does not know out without a word.

So every name below was seen in an answer of a real server (tests/live/rabbitmq/test_columns.py asks again), and
`absent` tells at run time which of those that every queue has did not come back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

OVERVIEW = (
    "rabbitmq_version", "product_name", "product_version", "erlang_version", "cluster_name", "node", "rates_mode",
    "disable_stats", "object_totals", "queue_totals.messages", "message_stats.drop_unroutable",
    "message_stats.return_unroutable", "message_stats.publish",
)  # fmt: skip

NODES = (
    "name", "running", "partitions", "uptime", "os_pid", "mem_used", "mem_limit", "mem_alarm", "disk_free",
    "disk_free_limit", "disk_free_alarm", "fd_used", "fd_total", "sockets_used", "sockets_total", "proc_used",
    "proc_total", "being_drained", "run_queue",
)  # fmt: skip

# What a queue shows whatever its type, its age and the server's statistics.
QUEUE_ALWAYS = ("name", "vhost", "type", "durable", "auto_delete", "exclusive", "arguments")
QUEUE_COUNTS = ("messages", "messages_ready", "messages_unacknowledged", "consumers")
# Of `message_stats`; each with its `_details.rate` where a rate is shown.
COUNTED = ("publish", "ack", "deliver", "deliver_no_ack", "get", "get_no_ack", "redeliver")
RATED = ("publish", "ack", "deliver_get", "redeliver")
QUEUE = (
    *QUEUE_ALWAYS,
    *QUEUE_COUNTS,
    "state", "node", "leader", "members", "online", "policy", "operator_policy", "effective_policy_definition",
    "message_bytes", "memory", "head_message_timestamp", "idle_since", "consumer_capacity",
    "backing_queue_status.priority_lengths",
    *(f"message_stats.{name}" for name in COUNTED),
    *(f"message_stats.{name}_details.rate" for name in RATED),
)  # fmt: skip

CONSUMERS = (
    "queue.name", "queue.vhost", "consumer_tag", "prefetch_count", "ack_required", "active", "activity_status",
    "exclusive", "arguments", "channel_details.name", "channel_details.connection_name", "channel_details.peer_host",
)  # fmt: skip

CHANNELS = (
    "name", "vhost", "user", "state", "prefetch_count", "global_prefetch_count", "consumer_count",
    "messages_unacknowledged", "messages_unconfirmed", "idle_since", "connection_details.name",
    "connection_details.peer_host", "message_stats.ack", "message_stats.ack_details.rate",
    "message_stats.deliver_get_details.rate",
)  # fmt: skip

CONNECTIONS = (
    "name", "vhost", "user", "state", "channels", "channel_max", "type", "protocol", "peer_host", "connected_at",
    "timeout", "client_properties.connection_name", "client_properties.product", "client_properties.version",
    "client_properties.product_version",
)  # fmt: skip

POLICIES = ("vhost", "name", "pattern", "apply-to", "priority", "definition")
VHOSTS = ("name", "cluster_state")
EXCHANGE = ("type", "arguments")
BINDINGS = ("destination", "destination_type", "routing_key", "arguments")


def absent(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> list[str]:
    """Columns that no row has; none when there is no row."""
    seen: set[str] = set()
    some = False
    for row in rows:
        some = True
        seen.update(row)
        if seen.issuperset(columns):
            return []
    return [column for column in columns if column not in seen] if some else []


def number(value: Any) -> int | None:
    """A count; None for what is absent, negative or no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def rate(value: Any) -> float | None:
    """A rate per second; None for what is absent or no number."""
    return round(float(value), 3) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object; empty for anything else (RabbitMQ writes an empty object as `[]` in places)."""
    return value if isinstance(value, dict) else {}


def text(value: Any, most: int = 300) -> str | None:
    """A text of bounded length; None for what is no text or empty."""
    return value[:most] if isinstance(value, str) and value else None
