"""The server's own state: overview, nodes, alarms, virtual hosts, policies.

`facts` of the reading, by key (None where the user may not read it, see the reading's gaps):

- `nodes`: one dict a node: `name running partitions uptime_s mem_used mem_limit mem_alarm disk_free disk_free_limit
  disk_free_alarm fd_used fd_total sockets_used sockets_total proc_used proc_total being_drained run_queue`
- `alarms`: `[{"node", "resource": "memory|disk"}]` in force; one of them blocks publishers on every node
- `started`: Unix time of each node's start, by name
- `vhosts`: `[{"name", "state": {node: "running|stopped"}}]`
- `policies`: `[{"vhost", "name", "pattern", "apply_to", "priority", "definition", "operator": bool}]`, at most 500
- `limits`: `[{"vhost", "value": {"max-connections", "max-queues"}}]`
- `cluster`: name; `erlang`: version; `rates_mode`: `none`, `basic` or `detailed`; `stats_off`: whether the server
  collects no statistics of queues; `totals`: `{"queues", "connections", "channels", "consumers", "exchanges"}`
- `unroutable`: `{"dropped", "returned"}`: published messages that no binding took, since the nodes' start
- those of `clients.py`; `dead_letters` and `reply_queues` of `broker.py`
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable
from typing import Literal, TypeVar

from tools.brokers.rabbitmq.columns import NODES, OVERVIEW, POLICIES, VHOSTS, mapping, number, text
from tools.brokers.rabbitmq.session import RabbitSession, Row
from tools.contract import At, Connections, Memory, Scalar
from tools.errors import CallTimeout, Forbidden, ProtocolMismatch, TargetError, Unreachable
from tools.reading import BrokerReading, Gap, Texts

T = TypeVar("T")
# A node's clock and the way here differ by less between two readings; a restart takes longer.
CLOCK_JITTER_S = 5.0
MOST_POLICIES = 500


async def read_overview(session: RabbitSession) -> BrokerReading:
    """Version and totals.

    Raises:
        TargetError: unreachable, wrong credentials, not the management API.
    """
    overview = await session.get("overview", columns=",".join(OVERVIEW))
    version = text(mapping(overview).get("rabbitmq_version"))
    if version is None:
        raise ProtocolMismatch(
            "rabbitmq_not_api", target=session.target.name, call="GET /api/overview", detail=str(overview)[:200]
        )
    reading = BrokerReading(session.target, "rabbitmq", version=version)
    totals = mapping(overview.get("object_totals"))
    stats = mapping(overview.get("message_stats"))
    reading.connections = Connections(current=number(totals.get("connections")))
    reading.facts = {
        "cluster": text(overview.get("cluster_name")),
        "erlang": text(overview.get("erlang_version")),
        "rates_mode": text(overview.get("rates_mode")),
        "stats_off": overview.get("disable_stats") is True,
        "totals": {key: count for key, value in totals.items() if (count := number(value)) is not None},
        "unroutable": {
            "dropped": number(stats.get("drop_unroutable")), "returned": number(stats.get("return_unroutable")),
        },
        "nodes": None, "alarms": None, "started": {}, "vhosts": None, "policies": None, "limits": None,
    }  # fmt: skip
    return reading


async def optional(reading: BrokerReading, field: str, call: Awaitable[T]) -> T | None:
    """What a call gives; None and a gap when it fails, for what was read besides is worth showing."""
    try:
        return await call
    except TargetError as error:
        facts: dict[str, Scalar] = {
            "call": str(error.facts.get("call", "")), "detail": str(error.facts.get("detail", error.code)),
        }  # fmt: skip
        key = "rabbitmq_refused" if isinstance(error, Forbidden) else "rabbitmq_unread"
        if isinstance(error, (CallTimeout, Unreachable, ProtocolMismatch)):
            reading.coverage.complete = False
        reading.gaps.append(Gap(At(target=reading.target.name), field, Texts(key, facts)))
        return None


async def read_nodes(session: RabbitSession, reading: BrokerReading) -> None:
    """Nodes, memory, alarms and starts. Without the right to see nodes, the alarms alone."""
    rows = await optional(reading, "nodes", session.get("nodes", columns=",".join(NODES)))
    nodes = [_node(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not any(node["mem_alarm"] is not None for node in nodes):
        # No right to see nodes, or a server without statistics, which gives their names alone.
        key = "rabbitmq_nodes_unmeasured" if nodes else "rabbitmq_nodes_refused"
        reading.gaps.append(Gap(At(target=session.target.name), "memory", Texts(key)))
        await _alarms_alone(session, reading)
    else:
        reading.facts["alarms"] = [
            {"node": node["name"], "resource": resource}
            for node in nodes
            for resource, key in (("memory", "mem_alarm"), ("disk", "disk_free_alarm"))
            if node[key] is True
        ]
    if not nodes:
        return
    reading.facts["nodes"] = nodes
    reading.facts["started"] = _starts(session, nodes)
    reading.memory = _memory(nodes)
    limits = [node["sockets_total"] for node in nodes if node["sockets_total"]]
    reading.connections.max = sum(limits) if limits else None
    reading.role = "node" if len(nodes) == 1 else f"cluster of {len(nodes)}"


async def read_surroundings(session: RabbitSession, reading: BrokerReading) -> None:
    """Virtual hosts, policies and limits."""
    one = () if session.vhost is None else (session.vhost,)
    vhosts = await optional(reading, "vhosts", session.get("vhosts", *one, columns=",".join(VHOSTS)))
    seen = vhosts if isinstance(vhosts, list) else [vhosts]
    reading.facts["vhosts"] = [
        {"name": row["name"], "state": mapping(row.get("cluster_state"))}
        for row in seen
        if isinstance(row, dict) and isinstance(row.get("name"), str)
    ]
    found: list[Row] = []
    for kind in ("policies", "operator-policies"):
        rows = await optional(reading, kind, session.get(kind, *one, columns=",".join(POLICIES)))
        found += [_policy(row, kind) for row in (rows or []) if isinstance(row, dict)]
    reading.facts["policies"] = found[:MOST_POLICIES]
    limits = await optional(reading, "limits", session.get("vhost-limits", *one))
    reading.facts["limits"] = limits if isinstance(limits, list) else None


def health_of(reading: BrokerReading) -> Literal["ok", "degraded"]:
    """`degraded` on an alarm, a node or virtual host that does not run, a partition, or a queue that is down."""
    nodes = reading.facts["nodes"] or []
    stopped = any(not node["running"] or node["partitions"] for node in nodes)
    vhosts = any(state != "running" for vhost in reading.facts["vhosts"] or [] for state in vhost["state"].values())
    bad = {"down", "stopped", "minority", "crashed"}
    queues = any(record.details.get("state") in bad for record in reading.queues)
    return "degraded" if reading.facts["alarms"] or stopped or vhosts or queues else "ok"


async def _alarms_alone(session: RabbitSession, reading: BrokerReading) -> None:
    """The health check needs no monitoring tag: 200 without alarms, 503 with a list of them."""
    try:
        reply = await session.reply("health", "checks", "alarms")
        document = mapping(json.loads(reply.body))
    except (TargetError, ValueError, RecursionError):
        document = {}
    if document.get("status") == "ok":
        reading.facts["alarms"] = []
    elif isinstance(document.get("alarms"), list):
        reading.facts["alarms"] = [
            {"node": text(alarm.get("node")), "resource": text(alarm.get("resource"))}
            for alarm in document["alarms"]
            if isinstance(alarm, dict)
        ]
    else:
        reading.coverage.complete = False


def _node(row: Row) -> Row:
    uptime = number(row.get("uptime"))
    counts = ("mem_used", "mem_limit", "disk_free", "disk_free_limit", "fd_used", "fd_total", "sockets_used",
              "sockets_total", "proc_used", "proc_total", "run_queue")  # fmt: skip
    partitions = row.get("partitions")
    return {
        "name": text(row.get("name")) or "?",
        "running": row.get("running") is True,
        "partitions": [str(name) for name in partitions] if isinstance(partitions, list) else [],
        "uptime_s": None if uptime is None else round(uptime / 1000, 1),
        "mem_alarm": row.get("mem_alarm"),
        "disk_free_alarm": row.get("disk_free_alarm"),
        "being_drained": row.get("being_drained"),
        **{key: number(row.get(key)) for key in counts},
    }


def _memory(nodes: list[Row]) -> Memory:
    """Of the node that is nearest to its limit, since one alarm blocks all."""
    known = [node for node in nodes if node["mem_used"] is not None and node["mem_limit"]]
    if not known:
        return Memory()
    fullest = max(known, key=lambda node: node["mem_used"] / node["mem_limit"])
    return Memory(used_bytes=fullest["mem_used"], max_bytes=fullest["mem_limit"])


def _starts(session: RabbitSession, nodes: list[Row]) -> dict[str, float]:
    """Unix time of each node's start; the same number again unless the node restarted."""
    now = time.time()
    for node in nodes:
        if node["uptime_s"] is not None:
            start, known = now - node["uptime_s"], session.starts.get(node["name"])
            if known is None or abs(start - known) > CLOCK_JITTER_S:
                session.starts[node["name"]] = round(start, 1)
    return dict(session.starts)


def _policy(row: Row, kind: str) -> Row:
    return {
        "vhost": text(row.get("vhost")), "name": text(row.get("name")), "pattern": text(row.get("pattern")),
        "apply_to": text(row.get("apply-to")), "priority": row.get("priority"),
        "definition": mapping(row.get("definition")), "operator": kind == "operator-policies",
    }  # fmt: skip
