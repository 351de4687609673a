"""Evidence and gaps of a reading: what was measured with its call, and what could not be and why."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from urllib.parse import urlencode

from tools.brokers.rabbitmq.columns import QUEUE_ALWAYS, absent
from tools.brokers.rabbitmq.session import Row, path_of
from tools.contract import At, QueueRecord, Scalar
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts, address

# Above this many queues only the largest have evidence.
MOST_QUEUES = 200
# Up to this many queues a gap names each; beyond, one gap counts them.
MOST_NAMED = 25
_QUEUE_METRICS = (
    ("queue.ready", "ready", "messages", "messages_ready"),
    ("queue.in_flight", "in_flight", "messages", "messages_unacknowledged"),
    ("queue.consumers", "consumers", "consumers", "consumers"),
    ("queue.oldest_age_s", "oldest_age_s", "s", "head_message_timestamp"),
)


def paste_of(*segments: str, columns: str | None = None) -> str:
    """A read-only command for the node itself; curl asks for the password, host and user are the reader's to change."""
    query = f"?{urlencode({'columns': columns}, safe=',')}" if columns else ""
    return f"curl -s -u monitor {shlex.quote(f'http://localhost:15672{path_of(*segments)}{query}')}"


def add_evidence(reading: BrokerReading, book: EvidenceBook) -> None:
    """The broker's numbers, then those of the largest queues."""
    _broker(reading, book)
    largest = sorted(reading.queues, key=lambda r: -(r.ready or 0) - (r.in_flight or 0))[:MOST_QUEUES]
    for record in largest:
        _queue(reading.target.name, record, book)


def add_gaps(reading: BrokerReading, rows: Sequence[Row]) -> None:
    """What a record lacks. What no RabbitMQ can tell is said once for the target."""
    target = reading.target.name
    queues = reading.queues
    if missing := absent(rows, QUEUE_ALWAYS):
        text = Texts("rabbitmq_columns_absent", {"columns": ", ".join(missing)})
        reading.gaps.append(Gap(At(target=target), "queues", text))
        reading.coverage.complete = False
    kept = [record for record in queues if record.kind != "stream"]
    why = "rabbitmq_stats_off" if reading.facts["stats_off"] else "rabbitmq_uncounted"
    _lacking(reading, "ready", why, [r for r in kept if r.ready is None])
    _lacking(reading, "ready", "rabbitmq_stream_ready", [r for r in queues if r.kind == "stream"])
    for name in ("in_flight", "consumers"):
        _lacking(reading, name, why, [r for r in queues if getattr(r, name) is None])
    _dead(reading)
    if queues:
        for name, key in (("scheduled", "rabbitmq_scheduled"), ("paused", "rabbitmq_paused")):
            reading.gaps.append(Gap(At(target=target), name, Texts(key)))
    _lacking(reading, "retrying", "rabbitmq_retrying", [r for r in queues if r.retrying is None])
    _lacking(reading, "oldest_age_s", "rabbitmq_oldest_age_s", [r for r in queues if r.oldest_age_s is None])


def _dead(reading: BrokerReading) -> None:
    without: list[QueueRecord] = []
    unclear: list[QueueRecord] = []
    for record in reading.queues:
        if record.dead is None:
            setting = record.details.get("dead_letter")
            (without if setting is None else unclear).append(record)
    # Without statistics a server may not tell which policy applies, and a policy may set the exchange.
    off = reading.facts["stats_off"]
    _lacking(reading, "dead", "rabbitmq_stats_off" if off else "rabbitmq_no_dead_letters", without)
    for problem in sorted({_problem(record) for record in unclear}):
        _lacking(reading, "dead", f"rabbitmq_dead_{problem}", [r for r in unclear if _problem(r) == problem])


def _problem(record: QueueRecord) -> str:
    """Key of the reason: of `details["dead_letter"]`, or that the queue behind was not counted or lies elsewhere."""
    setting = record.details["dead_letter"]
    if setting.get("delays"):
        return "delays"
    return "returns" if setting.get("returns") else str(setting.get("problem") or "uncounted")


def _lacking(reading: BrokerReading, field: str, key: str, records: Sequence[QueueRecord]) -> None:
    target = reading.target.name
    if len(records) > MOST_NAMED:
        reading.gaps.append(Gap(At(target=target), field, Texts(key, {"count": len(records)})))
        return
    for record in records:
        at = At(target=target, namespace=record.namespace, queue=record.name)
        reading.gaps.append(Gap(at, field, Texts(key, {"count": 1})))


def _queue(target: str, record: QueueRecord, book: EvidenceBook) -> None:
    subject = f"{target}/{address(record)}"
    segments = ("queues", record.namespace or "/", record.name)
    call = f"GET {path_of(*segments)}"
    for metric, name, unit, column in _QUEUE_METRICS:
        if (value := getattr(record, name)) is not None:
            book.add(metric, subject, value, unit, f"{call}: {column}", paste_of(*segments, columns=column))
    for name in ("dead", "retrying"):
        if (value := getattr(record, name)) is not None:
            place = ("queues", record.namespace or "/", record.details["dead_letter"]["queue"])
            source = f"GET {path_of(*place)}: messages_ready"
            book.add(f"queue.{name}", subject, value, "messages", source, paste_of(*place, columns="messages_ready"))
    details = record.details
    if "retained" in details:
        source = f"{call}: messages"
        book.add("queue.retained", subject, details["retained"], "messages", source, paste_of(*segments))
    for name in ("ack", "publish", "redeliver"):
        if (value := details.get("rates", {}).get(name)) is not None:
            column = f"message_stats.{name}_details.rate"
            paste = paste_of(*segments, columns=column)
            book.add(f"queue.{name}_rate", subject, value, "messages/s", f"{call}: {column}", paste)


def _broker(reading: BrokerReading, book: EvidenceBook) -> None:
    name, facts = reading.target.name, reading.facts
    states = facts.get("connection_states") or {}
    totals = facts["totals"]
    rows: list[tuple[str, Scalar, str, str, str]] = [
        ("broker.memory_used", reading.memory.used_bytes, "bytes", "nodes", "mem_used"),
        ("broker.memory_max", reading.memory.max_bytes, "bytes", "nodes", "mem_limit"),
        ("broker.clients", reading.connections.current, "connections", "overview", "object_totals"),
        ("broker.channels", totals.get("channels"), "channels", "overview", "object_totals"),
        ("broker.queues", totals.get("queues"), "queues", "overview", "object_totals"),
        ("broker.unroutable_dropped", facts["unroutable"]["dropped"], "messages", "overview", "message_stats"),
    ]
    if facts["alarms"] is not None:
        measured = any(node["mem_alarm"] is not None for node in facts["nodes"] or [])
        resource = "nodes" if measured else "health/checks/alarms"
        rows.append(("broker.alarms", len(facts["alarms"]), "alarms", resource, "mem_alarm, disk_free_alarm"))
    if facts.get("connections") is not None:
        blocked = states.get("blocked", 0) + states.get("blocking", 0)
        rows.append(("broker.blocked_connections", blocked, "connections", "connections", "state"))
        rows.append(("broker.flow_connections", states.get("flow", 0), "connections", "connections", "state"))
    for metric, value, unit, resource, column in rows:
        if value is not None:
            paste = paste_of(*resource.split("/"))
            book.add(metric, name, value, unit, f"GET /api/{resource}: {column}", paste)
    for node in facts["nodes"] or []:
        _node(name, node, book)


def _node(target: str, node: Row, book: EvidenceBook) -> None:
    subject, paste = f"{target}/{node['name']}", paste_of("nodes", node["name"])
    for metric, key, unit in (
        ("broker.disk_free", "disk_free", "bytes"),
        ("broker.disk_limit", "disk_free_limit", "bytes"),
        ("broker.fd_used", "fd_used", "files"),
        ("broker.fd_total", "fd_total", "files"),
        ("broker.uptime_s", "uptime_s", "s"),
    ):
        if node[key] is not None:
            book.add(metric, subject, node[key], unit, f"GET /api/nodes: {key.removesuffix('_s')}", paste)
