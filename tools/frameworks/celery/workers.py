"""Workers as they described themselves, and those that should have answered and did not."""

from __future__ import annotations

import time
from typing import Any

from tools.contract import WorkerJob, WorkerRecord
from tools.frameworks.celery.control import Replies
from tools.frameworks.celery.layout import Routes
from tools.frameworks.celery.messages import MOST_NAME
from tools.reading import BrokerReading, EvidenceBook

# A start further back is a worker that counts from its boot, not from 1970.
_LONGEST_RUN_S = 10 * 365 * 86_400.0


def worker_records(replies: Replies, routes: Routes) -> list[WorkerRecord]:
    """One record for each worker that answered.

    `details`: `reserved` and `scheduled` (tasks it holds), `prefetch_count`, `pool`, `uptime_s`, `total` (tasks
    accepted since it started, by name).
    """
    return [_record(name, replies, routes) for name in replies.names]


def silent_records(replies: Replies, mailboxes: list[str]) -> list[WorkerRecord]:
    """Workers with a mailbox that did not answer, though somebody heard the question and did not answer it."""
    missing = sorted(set(mailboxes) - set(replies.names))
    unheard = replies.heard is not None and replies.answered >= replies.heard
    return [] if replies.complete or unheard else [_silent(name) for name in missing]


def running(replies: Replies) -> dict[str, str]:
    """Ids of running tasks, with their worker."""
    return {task["id"]: name for name in replies.names for task in _tasks(replies.of("active", name)) if "id" in task}


def in_hand(replies: Replies) -> frozenset[str]:
    """Ids that workers run or are about to run: active and reserved, not those that wait for their time."""
    names = replies.names
    return frozenset(
        t["id"] for n in names for c in ("active", "reserved") for t in _tasks(replies.of(c, n)) if "id" in t
    )


def known_ids(replies: Replies) -> set[str] | None:
    """Every task id that a worker has; None when one of them left a question unanswered."""
    found: set[str] = set()
    for name in replies.names:
        for command in ("active", "reserved", "scheduled"):
            reply = replies.of(command, name)
            if not isinstance(reply, list):
                return None
            found |= {str(task["id"]) for task in _tasks(reply) if "id" in task}
    return found


def consumers_of(replies: Replies, queue: str) -> int:
    """Workers that answered and consume the queue; those with one node name count each."""
    return sum((_queues(replies.of("active_queues", name)) or []).count(queue) for name in replies.names)


def record(workers: list[WorkerRecord], broker: BrokerReading, book: EvidenceBook) -> None:
    """Concurrency, busy, reserved and run times as evidence."""
    for worker in workers:
        subject = f"{broker.target.name}/{worker.id}"
        command = f"celery inspect -d {worker.id}"
        rows = (
            ("worker.concurrency", worker.concurrency, "processes", "stats"),
            ("worker.busy", worker.busy, "tasks", "active"),
            ("worker.reserved", worker.details.get("reserved"), "tasks", "reserved"),
        )
        for metric, value, unit, asked in rows:
            if value is not None:
                book.add(metric, subject, value, unit, f"inspect {asked}: {worker.id}", f"{command} {asked}")
        for job in worker.jobs:
            if job.runtime_s is not None:
                source = f"inspect active: {job.name} {job.id}"
                book.add("worker.job_runtime_s", subject, job.runtime_s, "s", source, f"{command} active")


def _record(name: str, replies: Replies, routes: Routes) -> WorkerRecord:
    stats = _mapping(replies.of("stats", name))
    pool = _mapping(stats.get("pool"))
    active = replies.of("active", name)
    jobs = [_job(task, routes) for task in _tasks(active)]
    details: dict[str, Any] = {
        "reserved": _count(replies.of("reserved", name)),
        "scheduled": _count(replies.of("scheduled", name)),
        "prefetch_count": _whole(stats.get("prefetch_count")),
        "pool": str(pool.get("implementation", "")).rpartition(".")[2].partition(":")[0] or None,
        "uptime_s": _whole(stats.get("uptime")),
        "total": _totals(stats.get("total")),
    }
    busy = _count(active)
    queues = _queues(replies.of("active_queues", name))
    return WorkerRecord(
        id=name,
        framework="celery",
        host=name.rpartition("@")[2] or None,
        pid=_whole(stats.get("pid")),
        state="running" if busy else "idle",
        concurrency=_whole(pool.get("max-concurrency")),
        busy=busy,
        queues=None if queues is None else sorted(set(queues)),
        jobs=jobs,
        details={key: value for key, value in details.items() if value is not None},
    )


def _silent(name: str) -> WorkerRecord:
    return WorkerRecord(id=name, framework="celery", host=name.rpartition("@")[2] or None, state="silent")


def _job(task: dict[str, Any], routes: Routes) -> WorkerJob:
    info = _mapping(task.get("delivery_info"))
    key = info.get("routing_key")
    queue = routes.queue_for(str(info.get("exchange") or ""), key) if isinstance(key, str) else None
    name = str(task.get("name") or task.get("type"))
    return WorkerJob(id=str(task.get("id"))[:MOST_NAME], name=name[:MOST_NAME], queue=queue, runtime_s=_runtime(task))


def _runtime(task: dict[str, Any]) -> float | None:
    started = task.get("time_start")
    if not isinstance(started, (int, float)):
        return None
    seconds = time.time() - started
    return round(max(0.0, seconds), 1) if seconds < _LONGEST_RUN_S else None


def _tasks(reply: Any) -> list[dict[str, Any]]:
    """Task descriptions; those of `scheduled` stand under `request`."""
    if not isinstance(reply, list):
        return []
    rows = (task.get("request", task) for task in reply if isinstance(task, dict))
    return [row for row in rows if isinstance(row, dict)]


def _count(reply: Any) -> int | None:
    return len(reply) if isinstance(reply, list) else None


def _queues(reply: Any) -> list[str] | None:
    if not isinstance(reply, list):
        return None
    return sorted(str(queue["name"]) for queue in reply if isinstance(queue, dict) and "name" in queue)


def _totals(reply: Any) -> dict[str, int] | None:
    if not isinstance(reply, dict):
        return None
    return {str(name): count for name, count in reply.items() if isinstance(count, int)}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
