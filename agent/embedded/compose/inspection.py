"""Answers to the tools that look: a compact table, and one sentence on what stands out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from agent.embedded.compose.facts import ids_of, value
from agent.embedded.compose.markup import bullets, code, paragraphs, plain, refs, table, without_empty
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Outcome, Turn, mapping, rows, sequence

_QUEUES = 15
_COUNTS = ("ready", "in_flight", "scheduled", "retrying", "dead", "consumers")

# What stands out in a queue record, worst first.
_NOTABLE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "nobody": lambda q: bool(q.get("ready")) and q.get("consumers") == 0,
    "paused": lambda q: bool(q.get("paused")),
    "dead": lambda q: bool(q.get("dead")),
    "largest": lambda q: bool(q.get("ready")),
}


def broker(turn: Turn, outcome: Outcome) -> str:
    """Health, memory and connections in a sentence, then the queues."""
    lang, data = turn.lang, outcome.data
    target, queues = str(data.get("target") or outcome.args.get("target")), rows(data.get("queues"))
    parts = [_broker_line(lang, target, outcome), _stands_out(lang, target, queues, outcome)]
    if queues:
        parts.append(_queue_table(lang, target, queues[:_QUEUES], outcome))
    if len(queues) > _QUEUES or outcome.envelope.get("truncated"):
        parts.append(say(lang, "inspect.more_queues", total=data.get("queues_total")))
    warnings = [plain(w.get("text") or w.get("code")) for w in rows(data.get("warnings"))]
    parts.append(bullets(say(lang, "inspect.warning", text=w) for w in warnings))
    return paragraphs(*parts)


def queue(turn: Turn, outcome: Outcome) -> str:
    """One queue in full, as rows of name and value."""
    lang, record = turn.lang, outcome.data
    target = str(outcome.args.get("target"))
    head = f"**{code(target + '/' + str(record.get('name')))}** · {_origin(lang, record)}"
    lines = [
        [say(lang, f"column.{field}"), value(lang, record.get(field)) + _refs(outcome, target, record, field)]
        for field in _COUNTS
    ]
    if record.get("oldest_age_s") is not None:
        lines.append([say(lang, "column.oldest"), value(lang, record["oldest_age_s"], "s")])
    for level, amount in mapping(record.get("priorities")).items():
        ids = ids_of(outcome.evidence, f"queue.priority.{level}", f"{target}/{record.get('name')}")
        lines.append([say(lang, "metric_priority", level=level), value(lang, amount) + refs(ids)])
    if record.get("paused") is not None:
        lines.append([say(lang, "column.paused"), value(lang, record["paused"])])
    names = [say(lang, "column.what"), say(lang, "column.value")]
    return paragraphs(head, _stands_out(lang, target, [record], outcome), table(names, lines))


def workers(turn: Turn, outcome: Outcome) -> str:
    """Who works, on what, and for how long."""
    lang, found = turn.lang, rows(outcome.data.get("workers"))
    target = code(outcome.args.get("target"))
    if not found:
        asked = outcome.data.get("workers") is not None
        return say(lang, "workers.none" if asked else "workers.unknown", target=target)
    head = [say(lang, f"column.{name}") for name in ("worker", "state", "busy", "slots", "queues", "heartbeat", "job")]
    lines: list[list[str | None]] = [
        [
            code(w.get("id")) + refs(e.get("id") for e in _about(outcome, w)),
            maybe(lang, f"state.{w.get('state')}") or code(w.get("state")),
            None if w.get("busy") is None else value(lang, w["busy"]),
            None if w.get("concurrency") is None else value(lang, w["concurrency"]),
            ", ".join(code(q) for q in sequence(w.get("queues"))) or None,
            None if w.get("heartbeat_age_s") is None else value(lang, w["heartbeat_age_s"], "s"),
            _longest(lang, w),
        ]
        for w in found[:_QUEUES]
    ]
    lines_table = table(*without_empty(head, lines, say(lang, "value.unknown")))
    return paragraphs(_workers_sentence(lang, target, found), lines_table)


def _broker_line(lang: str, target: str, outcome: Outcome) -> str:
    data = outcome.data
    memory, connections = mapping(data.get("memory")), mapping(data.get("connections"))
    health = maybe(lang, f"health.{data.get('health')}") or "?"
    version = data.get("version") or "?"
    known = [
        say(lang, "inspect.broker", target=code(target), system=data.get("system"), version=version, health=health)
    ]
    if data.get("role"):
        known.append(say(lang, "inspect.role", role=code(data["role"])))
    if memory.get("used_bytes") is not None:
        ids = refs(ids_of(outcome.evidence, "broker.memory_used", target))
        known.append(say(lang, "inspect.memory", used=memory["used_bytes"]) + ids)
    if memory.get("max_bytes") is not None:
        known.append(say(lang, "inspect.memory_max", limit=memory["max_bytes"]))
    if memory.get("policy"):
        known.append(say(lang, "inspect.policy", policy=code(memory["policy"])))
    if connections.get("current") is not None:
        ids = refs(ids_of(outcome.evidence, "broker.clients", target))
        known.append(say(lang, "inspect.connections", current=connections["current"]) + ids)
    return "; ".join(known) + "."


def _queue_table(lang: str, target: str, queues: list[dict[str, Any]], outcome: Outcome) -> str:
    head = [say(lang, f"column.{name}") for name in ("queue", "framework", *_COUNTS, "oldest", "paused")]
    lines: list[list[str | None]] = [
        [
            code(q.get("name")),
            q.get("framework"),
            *(
                None if q.get(field) is None else value(lang, q[field]) + _refs(outcome, target, q, field)
                for field in _COUNTS
            ),
            None if q.get("oldest_age_s") is None else value(lang, q["oldest_age_s"], "s"),
            value(lang, True) if q.get("paused") else None,
        ]
        for q in queues
    ]
    return table(*without_empty(head, lines, say(lang, "value.unknown")))


def _refs(outcome: Outcome, target: str, record: dict[str, Any], field: str) -> str:
    return refs(ids_of(outcome.evidence, f"queue.{field}", f"{target}/{record.get('name')}")[:1])


def _stands_out(lang: str, target: str, queues: Iterable[dict[str, Any]], outcome: Outcome) -> str:
    """The worst of what the records show; causes are the business of `diagnose`."""
    found = sorted(queues, key=lambda q: -(q.get("ready") or 0))
    if not found:
        return say(lang, "stands_out.no_queues", target=code(target))
    for key, holds in _NOTABLE.items():
        if worst := next((q for q in found if holds(q)), None):
            ids = _refs(outcome, target, worst, "dead" if key == "dead" else "ready")
            facts = {"ready": value(lang, worst.get("ready")), "dead": value(lang, worst.get("dead")), "refs": ids}
            return say(lang, f"stands_out.{key}", queue=code(worst.get("name")), **facts)
    unread = any(q.get("ready") is None for q in found)
    return say(lang, "stands_out.unread" if unread else "stands_out.empty")


def _origin(lang: str, record: dict[str, Any]) -> str:
    return ", ".join(str(x) for x in (record.get("framework") or say(lang, "inspect.stray"), record.get("kind")) if x)


def _about(outcome: Outcome, worker: dict[str, Any]) -> list[dict[str, Any]]:
    subject = f"{outcome.args.get('target')}/{worker.get('id')}"
    return [e for e in outcome.evidence if e.get("subject") == subject][:3]


def _longest(lang: str, worker: dict[str, Any]) -> str | None:
    jobs = sorted(rows(worker.get("jobs")), key=lambda j: -(j.get("runtime_s") or 0))
    if not jobs:
        return None
    name = code(jobs[0].get("name") or jobs[0].get("id"), 60)
    runtime = jobs[0].get("runtime_s")
    return name if runtime is None else f"{name} ({value(lang, runtime, 's')})"


def _workers_sentence(lang: str, target: str, found: list[dict[str, Any]]) -> str:
    for state in ("lost", "silent"):
        if names := [code(w.get("id")) for w in found if w.get("state") == state]:
            return say(lang, f"workers.{state}", target=target, names=", ".join(names[:5]))
    full = [code(w.get("id")) for w in found if w.get("busy") and w.get("busy") == w.get("concurrency")]
    if full:
        return say(lang, "workers.full", target=target, names=", ".join(full[:5]))
    idle = all(w.get("busy") == 0 for w in found)
    return say(lang, "workers.idle" if idle else "workers.working", target=target)
