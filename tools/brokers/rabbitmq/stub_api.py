"""What a management API would answer about a stub's world: columns, pages and refusals as RabbitMQ 3.10 gives them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from tools.brokers.rabbitmq.session import DOTS, Reply, Row

Query = Mapping[str, str]
_SEES_ALL = {"administrator", "monitoring"}
_MAY_ENTER = _SEES_ALL | {"management", "policymaker"}
_NOT_FOUND = Reply(404, b'{"error":"Object Not Found","reason":"Not Found"}')
_OUT_OF_RANGE = Reply(400, b'{"error":"page_out_of_range","reason":"Page out of range"}')
_HIDDEN = "User not authorised to access virtual host"


class StubApi:
    """Answers by path.

    Args:
        world: the stub's document as plain data.
    """

    def __init__(self, world: Row) -> None:
        self._world = world
        self._started = time.monotonic()
        self._tags = set(world["tags"])
        self._resources: dict[str, Callable[[list[str], Query], Reply]] = {
            "overview": self._overview, "nodes": self._nodes, "vhosts": self._vhosts, "queues": self._queues,
            "consumers": self._consumers, "channels": self._channels, "connections": self._connections,
            "exchanges": self._exchanges, "policies": self._policies, "health": self._health,
            "operator-policies": lambda _rest, _query: _json([]), "vhost-limits": lambda _rest, _query: _json([]),
        }  # fmt: skip

    def answer(self, method: str, path: str, query: Query, document: object) -> Reply:
        """The answer to one call."""
        segments = [unquote(segment) for segment in path.removeprefix("/api/").split("/")]
        if not self._tags & _MAY_ENTER:
            return _refused("Not management user")
        if method == "POST" and len(segments) == 4 and segments[0] == "queues" and segments[3] == "get":
            return self._get(segments[1], segments[2], document)
        if self._world["stats_off"] and segments[0] in {"consumers", "channels"}:
            return Reply(400, b'{"error":"bad_request","reason":"Stats in management UI are disabled on this node"}')
        handler = self._resources.get(segments[0])
        return _NOT_FOUND if handler is None or method != "GET" else handler(segments[1:], query)

    def _overview(self, _rest: list[str], query: Query) -> Reply:
        world, queues = self._world, self._visible()
        totals = {
            "queues": len(world["queues"]) if self._tags & _SEES_ALL else len(queues),
            "consumers": sum(self._consuming(queue) for queue in queues),
            "connections": len(self._connection_rows()),
            "channels": len(world["channels"]),
        } | world["totals"]
        stats = {"drop_unroutable": world["unroutable"], "return_unroutable": 0}
        row = {
            "rabbitmq_version": world["version"], "product_name": "RabbitMQ", "rates_mode": world["rates_mode"],
            "cluster_name": "stub", "disable_stats": world["stats_off"], "object_totals": totals,
            "message_stats": stats if self._tags & _SEES_ALL else {},
        }  # fmt: skip
        return _json(_narrowed(row, query))

    def _nodes(self, _rest: list[str], query: Query) -> Reply:
        if not self._tags & _SEES_ALL:
            return _refused("Not monitor user")
        rows = []
        for node in self._world["nodes"]:
            row = {key: value for key, value in node.items() if key not in {"uptime_s", "disk_alarm"}}
            passed = time.monotonic() - self._started
            row |= {"uptime": round((node["uptime_s"] + passed) * 1000), "disk_free_alarm": node["disk_alarm"]}
            # A node that does not run has no numbers.
            silent = not node["running"] or self._world["stats_off"]
            rows.append({key: node[key] for key in ("name", "running", "partitions")} if silent else row)
        return _json([_narrowed(row, query) for row in rows])

    def _health(self, rest: list[str], _query: Query) -> Reply:
        if rest != ["checks", "alarms"]:
            return _NOT_FOUND
        alarms = [
            {"node": node["name"], "resource": resource}
            for node in self._world["nodes"]
            for resource, key in (("memory", "mem_alarm"), ("disk", "disk_alarm"))
            if node[key]
        ]
        return _json({"status": "failed", "alarms": alarms}, 503) if alarms else _json({"status": "ok"})

    def _vhosts(self, rest: list[str], query: Query) -> Reply:
        states = {queue["vhost"]: "running" for queue in self._world["queues"]} | self._world["vhosts"]
        states = states or {"/": "running"}
        hidden = set(self._world["hidden_vhosts"])
        seen = [
            name
            for name in {**states, **dict.fromkeys(hidden, "running")}
            if self._tags & _SEES_ALL or name not in hidden
        ]
        node = self._world["nodes"][0]["name"]
        rows = [_narrowed({"name": name, "cluster_state": {node: states.get(name, "running")}}, query) for name in seen]
        if not rest:
            return _json(rows)
        return next((_json(row) for row in rows if row["name"] == rest[0]), _NOT_FOUND)

    def _queues(self, rest: list[str], query: Query) -> Reply:
        world = self._world
        if rest and rest[0] in world["hidden_vhosts"]:
            return _refused(_HIDDEN)
        if rest and rest[0] not in {"/", *world["vhosts"], *(queue["vhost"] for queue in world["queues"])}:
            return _NOT_FOUND
        queues = [queue for queue in self._visible() if not rest or queue["vhost"] == rest[0]]
        if len(rest) > 1 and (world["stats_off"] or rest[1] in DOTS):
            return _json([])
        if len(rest) > 1:
            found = next((queue for queue in queues if queue["name"] == rest[1]), None)
            return _NOT_FOUND if found is None else _json(self._shown(found, query))
        return _paged(queues, query, lambda queue: self._shown(queue, query))

    def _shown(self, queue: Row, query: Query) -> Row:
        row = self._row(queue)
        for column in self._world["lost_columns"]:
            row.pop(column, None)
        return _narrowed(row, query)

    def _row(self, queue: Row) -> Row:
        policy = self._policy(queue)
        row = {
            "name": queue["name"], "vhost": queue["vhost"], "type": queue["type"], "durable": queue["durable"],
            "auto_delete": False, "exclusive": False, "state": queue["state"],
            "arguments": queue["arguments"] | ({} if queue["type"] == "classic" else {"x-queue-type": queue["type"]}),
            "policy": policy["name"] if policy else None,
            "effective_policy_definition": policy["definition"] if policy else {},
        }  # fmt: skip
        if self._world["stats_off"]:
            del row["policy"], row["effective_policy_definition"]
        row |= {key: queue[key] for key in ("members", "online") if queue[key]}
        if not queue["counted"]:
            return row
        ready = self._ready(queue)
        row |= {
            "messages": ready + queue["unacked"],
            "messages_ready": ready,
            "messages_unacknowledged": queue["unacked"],
        }
        if not self._world["stats_off"]:
            age = queue["head_age_s"]
            stamp = None if age is None else round(time.time() - age)
            row |= {"consumers": self._consuming(queue), "head_message_timestamp": stamp}
            if self._world["rates_mode"] != "none":
                row["message_stats"] = self._stats(queue)
        return row

    def _stats(self, queue: Row) -> Row:
        passed = time.monotonic() - self._started
        flows = (
            ("publish", queue["published"], max(0.0, queue["growth_per_s"] + queue["ack_per_s"])),
            ("ack", queue["acked"], queue["ack_per_s"]),
            ("deliver_get", queue["acked"], queue["ack_per_s"] + queue["redeliver_per_s"]),
            ("redeliver", queue["redelivered"], queue["redeliver_per_s"]),
        )
        found: Row = {}
        for name, before, per_s in flows:
            found |= {name: before + round(per_s * passed), f"{name}_details": {"rate": per_s}}
        return found

    def _ready(self, queue: Row) -> int:
        grown = queue["growth_per_s"] * (time.monotonic() - self._started)
        return max(0, round(float(queue["ready"]) + float(grown)))

    def _consuming(self, queue: Row) -> int:
        named = (c for c in self._world["consumers"] if (c["queue"], c["vhost"]) == (queue["name"], queue["vhost"]))
        return int(queue["consumers"]) + len(list(named))

    def _policy(self, queue: Row) -> Row | None:
        fits = [
            policy
            for policy in self._world["policies"]
            if policy["vhost"] == queue["vhost"] and re.search(policy["pattern"], queue["name"])
        ]
        return max(fits, key=lambda policy: int(policy["priority"]), default=None)

    def _visible(self) -> list[Row]:
        return [queue for queue in self._world["queues"] if queue["vhost"] not in self._world["hidden_vhosts"]]

    def _consumers(self, rest: list[str], query: Query) -> Reply:
        rows = [
            {
                "queue": {"name": c["queue"], "vhost": c["vhost"]}, "consumer_tag": f"ctag{i}",
                "prefetch_count": c["prefetch"], "ack_required": c["ack"], "active": c["active"],
                "activity_status": "up", "exclusive": False, "arguments": {},
                "channel_details": {"name": f"{c['connection']} (1)", "connection_name": c["connection"]},
            }
            for i, c in enumerate(self._world["consumers"])
            if not rest or c["vhost"] == rest[0]
        ]  # fmt: skip
        return _json([_narrowed(row, query) for row in rows])

    def _connection_rows(self) -> list[Row]:
        rows = {c["name"]: c for c in self._world["connections"]}
        for c in self._world["consumers"]:
            rows.setdefault(c["connection"], {"name": c["connection"], "vhost": c["vhost"], "user": "app",
                                              "state": "running", "channels": 1, "client": None})  # fmt: skip
        return list(rows.values()) if self._tags & _SEES_ALL else []

    def _connections(self, _rest: list[str], query: Query) -> Reply:
        def shown(row: Row) -> Row:
            client = {"client_properties": {"connection_name": row["client"]}} if row["client"] else {}
            return _narrowed({**row, **client, "type": "network", "protocol": "AMQP 0-9-1"}, query)

        return _paged([] if self._world["stats_off"] else self._connection_rows(), query, shown)

    def _channels(self, _rest: list[str], query: Query) -> Reply:
        def shown(row: Row) -> Row:
            renamed = {
                "prefetch_count": row["prefetch"],
                "messages_unacknowledged": row["unacked"],
                "consumer_count": row["consumers"],
                "connection_details": {"name": row["connection"]},
            }
            return _narrowed({**row, **renamed}, query)

        return _paged(self._world["channels"] if self._tags & _SEES_ALL else [], query, shown)

    def _exchanges(self, rest: list[str], query: Query) -> Reply:
        if rest[0] in self._world["hidden_vhosts"]:
            return _refused(_HIDDEN)
        found = next((e for e in self._world["exchanges"] if [e["vhost"], e["name"]] == rest[:2]), None)
        if rest[2:] == ["bindings", "source"]:
            return _json([_narrowed(_binding(b), query) for b in (found["bindings"] if found else [])])
        return _NOT_FOUND if found is None else _json(_narrowed({"type": found["type"], "arguments": {}}, query))

    def _policies(self, rest: list[str], query: Query) -> Reply:
        rows = [policy for policy in self._world["policies"] if not rest or policy["vhost"] == rest[0]]
        return _json([_narrowed(row, query) for row in rows])

    def _get(self, vhost: str, name: str, document: object) -> Reply:
        queue = next((q for q in self._visible() if (q["vhost"], q["name"]) == (vhost, name)), None)
        if queue is None or not isinstance(document, dict):
            return Reply(404, json.dumps({"error": "not_found", "reason": f"NOT_FOUND - no queue '{name}'"}).encode())
        ready = min(self._ready(queue), int(document["count"]))
        given = queue["messages"][:ready]
        given += [{"body": json.dumps({"n": n}), "headers": {}, "properties": {}, "base64": False}
                  for n in range(len(given), ready)]  # fmt: skip
        most = int(document["truncate"])
        return _json([_message(one, name, most) for one in given])


def _binding(binding: Row) -> Row:
    to_queue = binding["queue"] is not None
    return {
        "destination": binding["queue"] if to_queue else binding["exchange"],
        "destination_type": "queue" if to_queue else "exchange",
        "routing_key": binding["routing_key"],
        "arguments": {},
    }


def _message(given: Row, queue: str, most: int) -> Row:
    body = given["body"]
    return {
        "payload": body[:most], "payload_bytes": len(body),
        "payload_encoding": "base64" if given["base64"] else "string",
        "redelivered": True, "exchange": "", "routing_key": queue,
        "properties": {**given["properties"], "headers": given["headers"]},
    }  # fmt: skip


def _paged(items: list[Row], query: Query, shown: Callable[[Row], Row]) -> Reply:
    """Pages are cut before rows are made, as the server does."""
    if "page" not in query:
        return _json([shown(item) for item in items])
    page, size = int(query["page"]), int(query["page_size"])
    if size > 500 or page < 1:
        return Reply(400, b'{"error":"invalid_pagination_parameters","reason":"Invalid pagination parameters"}')
    if page > 1 and (page - 1) * size >= len(items):
        return _OUT_OF_RANGE
    rows = [shown(item) for item in items[(page - 1) * size : page * size]]
    return _json({"items": rows, "page": page, "page_count": -(-len(items) // size), "page_size": size,
                  "item_count": len(rows), "filtered_count": len(items), "total_count": len(items)})  # fmt: skip


def _narrowed(row: Row, query: Query) -> Row:
    """Only the columns asked for; unknown ones are left out without a word."""
    if "columns" not in query:
        return row
    wanted = {column.partition(".")[0] for column in query["columns"].split(",")}
    return {key: value for key, value in row.items() if key in wanted}


def _refused(reason: str) -> Reply:
    return Reply(401, json.dumps({"error": "not_authorised", "reason": reason}).encode())


def _json(document: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(document).encode())
