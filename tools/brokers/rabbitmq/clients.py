"""Who is connected: consumers with their prefetch, channels, connections.

`facts` of the reading, by key; lists are capped (`MOST_ROWS`), None where they could not be read:

- `consumers`: by `address` of the queue, `[{"tag", "prefetch", "ack", "active", "status", "exclusive", "channel",
  "connection", "host", "arguments"}]`; prefetch 0 is unlimited
- `channels`: `[{"name", "vhost", "user", "state", "prefetch", "global_prefetch", "consumers", "unacked", "unconfirmed",
  "idle_since", "connection", "host", "ack_rate", "deliver_rate"}]`
- `connections`: `[{"name", "vhost", "user", "state", "channels", "channel_max", "type", "protocol", "host",
  "client"}]`; `client` is the name that the application gave itself, else its library
- `connection_states`: how many connections by state: `running`, `flow` (slowed down), `blocking` (an alarm is on; it
  has not published since), `blocked` (an alarm stops it)

`details["prefetch"]` of a record: `{"consumers", "sum", "unlimited", "without_ack"}`; `sum` leaves out the unlimited.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tools.brokers.rabbitmq.columns import CHANNELS, CONNECTIONS, CONSUMERS, mapping, number, rate, text
from tools.brokers.rabbitmq.server import optional
from tools.brokers.rabbitmq.session import Pages, RabbitSession, Row
from tools.contract import At
from tools.reading import BrokerReading, Gap, Texts, address

MOST_ROWS = 2_000
# `/api/consumers` is not paged: above this many it is not asked for.
MOST_CONSUMERS = 10_000
SECONDS = 3.0


async def read_consumers(session: RabbitSession, reading: BrokerReading) -> None:
    """Every consumer, by queue."""
    total = reading.facts["totals"].get("consumers")
    if _without_statistics(session, reading, "consumers", "prefetch"):
        return
    if total == 0:
        reading.facts["consumers"] = {}
        return
    reading.facts["consumers"] = None
    if total is not None and total > MOST_CONSUMERS:
        facts = Texts("rabbitmq_consumers_many", {"count": total, "most": MOST_CONSUMERS})
        reading.gaps.append(Gap(At(target=session.target.name), "prefetch", facts))
        return
    one = () if session.vhost is None else (session.vhost,)
    rows = await optional(reading, "prefetch", session.get("consumers", *one, columns=",".join(CONSUMERS)))
    if isinstance(rows, list):
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if isinstance(row, dict) and (place := _place(row)):
                found[place].append(_consumer(row))
        reading.facts["consumers"] = dict(found)


def add_prefetch(reading: BrokerReading) -> None:
    """`details["prefetch"]` of every queue that has consumers."""
    consumers = reading.facts["consumers"] or {}
    for record in reading.queues if consumers else ():
        if own := consumers.get(address(record)):
            windows = [one["prefetch"] for one in own if one["ack"] and one["prefetch"] is not None]
            record.details["prefetch"] = {
                "consumers": len(own),
                "sum": sum(windows),
                "unlimited": windows.count(0),
                "without_ack": sum(one["ack"] is False for one in own),
            }


async def read_channels(session: RabbitSession, reading: BrokerReading) -> None:
    """Channels with what each holds."""
    if _without_statistics(session, reading, "channels", "channels"):
        return
    pages = await optional(
        reading, "channels", session.pages("channels", columns=CHANNELS, most=MOST_ROWS, seconds=SECONDS)
    )
    reading.facts["channels"] = None if pages is None else [_channel(row) for row in _own(session, pages)]
    _note_cap(session, reading, "channels", pages)


async def read_connections(session: RabbitSession, reading: BrokerReading) -> None:
    """Connections and their states."""
    if _without_statistics(session, reading, "connections", "connections"):
        reading.facts["connection_states"] = None
        return
    pages = await optional(
        reading, "connections", session.pages("connections", columns=CONNECTIONS, most=MOST_ROWS, seconds=SECONDS)
    )
    rows = None if pages is None else [_connection(row) for row in _own(session, pages)]
    reading.facts["connections"] = rows
    states = None if rows is None else dict(Counter(row["state"] for row in rows if row["state"]))
    reading.facts["connection_states"] = states
    _note_cap(session, reading, "connections", pages)


def _without_statistics(session: RabbitSession, reading: BrokerReading, fact: str, field: str) -> bool:
    """A server without statistics refuses these lists, or gives empty ones that would be taken for nobody."""
    if reading.facts["stats_off"]:
        reading.facts[fact] = None
        reading.gaps.append(Gap(At(target=session.target.name), field, Texts("rabbitmq_lists_off")))
    return bool(reading.facts["stats_off"])


def _own(session: RabbitSession, pages: Pages) -> list[Row]:
    """Rows of the virtual host that the target names; RabbitMQ does not page the lists of one virtual host."""
    return [row for row in pages.rows if session.vhost in (None, row.get("vhost"))]


def _note_cap(session: RabbitSession, reading: BrokerReading, field: str, pages: Pages | None) -> None:
    if pages is not None and not pages.complete:
        facts = Texts("rabbitmq_capped", {"read": len(pages.rows), "total": pages.total})
        reading.gaps.append(Gap(At(target=session.target.name), field, facts))


def _place(row: Row) -> str | None:
    queue = mapping(row.get("queue"))
    name, vhost = queue.get("name"), queue.get("vhost")
    return f"{vhost}/{name}" if isinstance(name, str) and isinstance(vhost, str) else None


def _consumer(row: Row) -> Row:
    channel = mapping(row.get("channel_details"))
    return {
        "tag": text(row.get("consumer_tag")),
        "prefetch": number(row.get("prefetch_count")),
        "ack": row.get("ack_required"),
        "active": row.get("active"),
        "status": text(row.get("activity_status")),
        "exclusive": row.get("exclusive"),
        "channel": text(channel.get("name")),
        "connection": text(channel.get("connection_name")),
        "host": text(channel.get("peer_host")),
        "arguments": mapping(row.get("arguments")),
    }


def _channel(row: Row) -> Row:
    connection, stats = mapping(row.get("connection_details")), mapping(row.get("message_stats"))
    return {
        "name": text(row.get("name")),
        "vhost": text(row.get("vhost")),
        "user": text(row.get("user")),
        "state": text(row.get("state")),
        "prefetch": number(row.get("prefetch_count")),
        "global_prefetch": number(row.get("global_prefetch_count")),
        "consumers": number(row.get("consumer_count")),
        "unacked": number(row.get("messages_unacknowledged")),
        "unconfirmed": number(row.get("messages_unconfirmed")),
        "idle_since": text(row.get("idle_since")),
        "connection": text(connection.get("name")),
        "host": text(connection.get("peer_host")),
        "ack_rate": rate(mapping(stats.get("ack_details")).get("rate")),
        "deliver_rate": rate(mapping(stats.get("deliver_get_details")).get("rate")),
    }


def _connection(row: Row) -> Row:
    properties = mapping(row.get("client_properties"))
    client: Any = text(properties.get("connection_name"))
    if client is None and (product := text(properties.get("product"))):
        # `version` is what most libraries set, py-amqp (Celery, kombu) the other one
        version = text(properties.get("version")) or text(properties.get("product_version"))
        client = f"{product} {version or ''}".strip()
    return {
        "name": text(row.get("name")),
        "vhost": text(row.get("vhost")),
        "user": text(row.get("user")),
        "state": text(row.get("state")),
        "channels": number(row.get("channels")),
        "channel_max": number(row.get("channel_max")),
        "type": text(row.get("type")),
        "protocol": text(row.get("protocol")),
        "host": text(row.get("peer_host")),
        "client": client,
    }
