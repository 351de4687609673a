r"""Celery for the stub: a short description becomes the keys, connections and replies that real workers leave.

Written from kombu's and Celery's formats, not from our reader, so that the two can disagree.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from tools.brokers.redis.stub_keys import Backlog, Client, KeySpace
from tools.brokers.redis.stub_messages import DEFAULT_TASK, StubMessage, iso, message, uuid_of

_SEP = "\x06\x16"


class Part(BaseModel):
    """A part of the description: unknown words are an error."""

    model_config = ConfigDict(extra="forbid")


class StubQueue(Part):
    """One queue; see `tools.brokers.redis.stub`."""

    ready: int = 0
    priorities: dict[int, int] = {}
    growth_per_s: float = 0.0
    exchange: str | None = None
    routing_key: str | None = None
    declared: bool = True
    wrong_type: bool = False
    task: str = DEFAULT_TASK
    messages: list[StubMessage | str] = []


class StubJob(Part):
    """A task that a worker has; `runtime_s` of a running one; `late`: acknowledged when done."""

    name: str = DEFAULT_TASK
    id: str | None = None
    queue: str | None = None
    runtime_s: float = 1.0
    eta_s: float | None = None
    retries: int = 0
    late: bool = False


class StubWorker(Part):
    """One worker; see `tools.brokers.redis.stub`."""

    name: str
    queues: list[str] = []
    concurrency: int = 4
    active: int | list[StubJob] = 0
    reserved: int | list[StubJob] = 0
    scheduled: int | list[StubJob] = 0
    prefetch_count: int | None = None
    pool: str = "prefork"
    uptime_s: int = 3_600
    total: dict[str, int] = {}
    completes_per_s: float = 0.0
    connected: bool = True
    answers: bool = True
    saturated: bool = False
    _jobs: dict[str, list[StubJob]] = PrivateAttr(default_factory=dict)

    def jobs(self, kind: str) -> list[StubJob]:
        """Its `active`, `reserved` or `scheduled` tasks, each with an id and a queue."""
        if kind not in self._jobs:
            given = getattr(self, kind)
            found = [StubJob() for _ in range(given)] if isinstance(given, int) else [j.model_copy() for j in given]
            for number, job in enumerate(found):
                job.id = job.id or uuid_of(f"{self.name}/{kind}/{number}")
                job.queue = job.queue or (self.queues[0] if self.queues else "celery")
                if kind == "scheduled" and job.eta_s is None:
                    job.eta_s = 3_600.0
            self._jobs[kind] = found
        return self._jobs[kind]


class StubDelivery(Part):
    """Unacknowledged messages; `age_s` since they were delivered."""

    queue: str
    count: int = 1
    eta_s: float | None = None
    retries: int = 0
    age_s: float = 10.0
    task: str = DEFAULT_TASK
    worker: str | None = None


class StubResults(Part):
    """Result keys; the others expire within a day."""

    count: int = 0
    without_ttl: int = 0
    bytes: int = 200


class StubReplies(Part):
    """Reply queues of control commands."""

    count: int = 0
    without_ttl: int = 0


class StubCelery(Part):
    """Everything of Celery on one database."""

    prefix: str = ""
    queues: dict[str, StubQueue] = {}
    workers: list[StubWorker] = []
    unacked: list[StubDelivery] = []
    results: StubResults = StubResults()
    reply_queues: StubReplies = StubReplies()

    def model_post_init(self, _context: Any) -> None:
        """Gives each worker the deliveries that name it."""
        for number, row in enumerate(self.unacked):
            for worker in (w for w in self.workers if w.name == row.worker):
                kind = "reserved" if row.eta_s is None else "scheduled"
                worker.jobs(kind).extend(
                    StubJob(name=row.task, id=uuid_of(f"unacked/{number}/{n}"), queue=row.queue, eta_s=row.eta_s,
                            retries=row.retries)
                    for n in range(row.count)
                )  # fmt: skip

    def expand(self, space: KeySpace) -> None:
        """Writes keys and connections."""
        bindings: dict[str, set[str]] = {}
        for name, queue in self.queues.items():
            self._queue(space, name, queue)
            if queue.declared:
                member = _SEP.join((queue.routing_key or name, "", name))
                bindings.setdefault(queue.exchange or name, set()).add(member)
        for worker in self.workers:
            bindings.setdefault("celery.pidbox", set()).add(_SEP.join(("", "", f"{worker.name}.celery.pidbox")))
            for name in worker.queues:
                if name not in self.queues:
                    bindings.setdefault(name, set()).add(_SEP.join((name, "", name)))
            if worker.connected:
                flags = "N" if worker.saturated else "b"
                space.clients += [Client("psubscribe", "P", 1, space.db), Client("brpop", flags, 0, space.db)]
        for exchange, members in bindings.items():
            space.put(f"{self.prefix}_kombu.binding.{exchange}", "set", members)
        self._unacked(space)
        self._results(space)

    def _queue(self, space: KeySpace, name: str, queue: StubQueue) -> None:
        key = self.prefix + name
        if queue.wrong_type:
            space.put(key, "string", "not a list")
            return

        def make(number: int) -> bytes:
            return message(name, StubMessage(task=queue.task), queue.exchange or "", f"{name}/{number}").encode()

        tail = [
            m if isinstance(m, str) else message(name, m, queue.exchange or "", f"{name}/given/{n}")
            for n, m in enumerate(queue.messages)
        ]
        items = [item.encode("utf-8", "surrogateescape") for item in reversed(tail)]
        space.put(key, "list", Backlog(queue.ready, make, queue.growth_per_s, items))
        for step, count in queue.priorities.items():
            space.put(f"{key}{_SEP}{step}", "list", Backlog(count, make))

    def _unacked(self, space: KeySpace) -> None:
        fields: dict[str, str] = {}
        index: dict[str, float] = {}
        for queue, job, age in self._deliveries():
            tag = uuid_of(f"tag/{job.id}")
            given = StubMessage(task=job.name, id=job.id, retries=job.retries, eta_s=job.eta_s)
            exchange = (self.queues.get(queue) or StubQueue()).exchange or ""
            routing_key = (self.queues.get(queue) or StubQueue()).routing_key or queue
            fields[tag] = json.dumps([json.loads(message(queue, given, exchange, tag)), exchange, routing_key])
            index[tag] = time.time() - age
        if fields:
            space.put(f"{self.prefix}unacked", "hash", fields)
            space.put(f"{self.prefix}unacked_index", "zset", index)

    def _deliveries(self) -> Iterator[tuple[str, StubJob, float]]:
        for number, row in enumerate(self.unacked):
            for n in range(row.count):
                job = StubJob(name=row.task, id=uuid_of(f"unacked/{number}/{n}"), eta_s=row.eta_s, retries=row.retries)
                yield row.queue, job, row.age_s
        listed = {uuid_of(f"unacked/{number}/{n}") for number, row in enumerate(self.unacked) for n in range(row.count)}
        for worker in self.workers:
            held = [*worker.jobs("reserved"), *worker.jobs("scheduled"), *(j for j in worker.jobs("active") if j.late)]
            for job in (j for j in held if j.id not in listed):
                yield job.queue or "celery", job, job.runtime_s

    def _results(self, space: KeySpace) -> None:
        for n in range(self.results.count):
            ttl = None if n < self.results.without_ttl else 3_600.0 + n % 82_800
            name = f"celery-task-meta-{uuid_of(f'result/{n}')}"
            space.put(name, "string", '{"status": "SUCCESS"}', ttl, size=self.results.bytes)
        for n in range(self.reply_queues.count):
            ttl = None if n < self.reply_queues.without_ttl else 10.0
            name = f"{self.prefix}{uuid_of(f'reply/{n}')}.reply.celery.pidbox"
            space.put(name, "list", ["{}"], ttl)


class WorkerReplies(Mapping[str, Any]):
    """What the workers answer to control commands now: run times and totals go on while time passes."""

    def __init__(self, celery: StubCelery | None, given: Mapping[str, Any]) -> None:
        self._workers = [w for w in celery.workers if w.connected and w.answers] if celery else []
        self._given = given
        self._born = time.time()

    def __getitem__(self, command: str) -> Any:
        if command in self._given:
            return self._given[command]
        return {worker.name: self._reply(worker, command) for worker in self._workers}

    def __iter__(self) -> Iterator[str]:
        return iter(("stats", "active", "reserved", "scheduled", "active_queues"))

    def __len__(self) -> int:
        return 5

    def _reply(self, worker: StubWorker, command: str) -> Any:
        if command == "active_queues":
            return [{"name": queue, "routing_key": queue} for queue in worker.queues]
        if command == "stats":
            return self._stats(worker)
        rows = [self._task(worker, job) for job in worker.jobs(command)]
        if command != "scheduled":
            return rows
        return [{"eta": iso(job.eta_s or 0), "priority": 6, "request": row}
                for job, row in zip(worker.jobs(command), rows, strict=True)]  # fmt: skip

    def _stats(self, worker: StubWorker) -> dict[str, Any]:
        more = int(worker.completes_per_s * (time.time() - self._born))
        task = next(iter(worker.total), DEFAULT_TASK)
        total = {**worker.total, task: worker.total.get(task, 0) + more} if more else worker.total
        pool = {"implementation": f"celery.concurrency.{worker.pool}:TaskPool", "max-concurrency": worker.concurrency}
        prefetch = worker.concurrency * 4 if worker.prefetch_count is None else worker.prefetch_count
        return {"total": total, "pid": 1000 + len(worker.name), "clock": "1", "uptime": worker.uptime_s, "pool": pool,
                "prefetch_count": prefetch}  # fmt: skip

    def _task(self, worker: StubWorker, job: StubJob) -> dict[str, Any]:
        info = {"exchange": "", "routing_key": job.queue, "priority": 0, "redelivered": None}
        started = self._born - job.runtime_s
        return {"id": job.id, "name": job.name, "type": job.name, "args": [], "kwargs": {}, "hostname": worker.name,
                "time_start": started, "acknowledged": not job.late, "delivery_info": info}  # fmt: skip
