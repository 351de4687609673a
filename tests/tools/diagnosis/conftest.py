"""Readings by hand for the rules; the real Celery is in `tests.tools.shop`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import redis

from evals.embedded_redis import EmbeddedRedis
from tests.tools.shop import app, call, send, wait_until, workers
from tools.config import Thresholds
from tools.contract import Coverage, FrameworkSummary, Memory, QueueRecord, WorkerJob, WorkerRecord
from tools.diagnosis.facts import Facts, Rate, Seen
from tools.reading import BrokerReading, ConsumerView, FrameworkReading, TargetReading
from tools.targets import parse_target

__all__ = ["app", "call", "send", "wait_until", "workers", "world"]

MIB = 1024 * 1024
# When the readings by hand were taken, and for how long their workers had been running.
NOW = 1_000_000.0
UPTIME_S = 600


class World:
    """One target with Celery on it, healthy until told otherwise."""

    def __init__(self) -> None:
        self.reading = TargetReading(parse_target("main", "redis://localhost:6379/0", {}, {}), "redis")
        self.broker = BrokerReading(self.reading.target, "redis", role="master", facts={"info": {"role": "master"}})
        self.broker.memory = Memory(used_bytes=2 * MIB, max_bytes=None, policy="noeviction")
        self.broker.coverage = Coverage(keys=10, scanned=10)
        self.reading.broker = self.broker
        self.celery = FrameworkReading(FrameworkSummary(id="celery"), workers=[])
        self.reading.frameworks = [self.celery]
        self.liveness(pubsub=0, brpop=0, asked=False, answered=None, expected=None)
        self.unacked(total=0, held_by_nobody=0)
        self.rates: dict[tuple[str, str], Rate] = {}
        self.consumed: dict[tuple[str, str], frozenset[Seen]] = {}
        self.earlier: TargetReading | None = None
        self.thresholds = Thresholds()

    def liveness(self, **found: object) -> None:
        self.celery.facts["liveness"] = {"clients_known": True} | found

    def unacked(self, **found: object) -> None:
        empty = {"total": 0, "read": 0, "eta": 0, "eta_overdue": 0, "retries": 0, "held_by_nobody": None}
        self.celery.facts["unacked"] = empty | {"oldest_delivered_s": None, "by_queue": {}} | found

    def queue(self, name: str, ready: int | None, consumers: int | None = 0, basis: str = "no_client") -> None:
        confidence: Any = "fact" if basis in {"no_client", "answered"} else "hypothesis"
        book, subject = self.reading.evidence, f"main/{name}"
        if ready is not None:
            book.add("queue.ready", subject, ready, "messages", f"LLEN {name}")
        self.celery.queues.append(QueueRecord(name=name, framework="celery", kind="list", ready=ready))
        self.celery.consumers[name] = ConsumerView(consumers, confidence, basis)

    def worker(self, name: str, *queues: str, busy: int = 0, reserved: int = 0, **more: Any) -> WorkerRecord:
        """An answering worker; the queues it consumes get their consumer."""
        details = {"reserved": reserved, "scheduled": 0, "prefetch_count": 4, "total": {}, "uptime_s": UPTIME_S}
        details |= more.pop("details", {})
        record = WorkerRecord(
            id=name, framework="celery", state="running" if busy else "idle", concurrency=more.pop("concurrency", 1),
            busy=busy, queues=list(queues), pid=more.pop("pid", 7), details=details, **more,
        )  # fmt: skip
        assert self.celery.workers is not None
        self.celery.workers.append(record)
        count = len(self.celery.workers)
        self.liveness(pubsub=count, brpop=count, asked=True, answered=count, expected=count)
        for queue in queues:
            self.celery.consumers[queue] = ConsumerView(1, "fact", "answered")
        book = self.reading.evidence
        for metric, value in (("worker.busy", busy), ("worker.reserved", reserved)):
            book.add(metric, f"main/{name}", value, "tasks", f"inspect {metric} {name}")
        return record

    def silent_worker(self, name: str) -> None:
        assert self.celery.workers is not None
        self.celery.workers.append(WorkerRecord(id=name, framework="celery", state="silent"))
        self.liveness(pubsub=1, brpop=1, asked=True, answered=0, expected=1)

    def seen(self, worker: str, pid: int, started_ago_s: float, seen_ago_s: float, queue: str = "mail") -> None:
        """An earlier reading found the process consuming the queue."""
        found = Seen(worker, pid, NOW - started_ago_s, NOW - seen_ago_s)
        self.consumed["celery", queue] = self.consumed.get(("celery", queue), frozenset()) | {found}

    def replica(self, role: str | None = "slave", read_only: bool = True) -> None:
        """The server is not the primary: nobody is connected, which says nothing."""
        self.broker.role = role
        info = {"role": role, "slave_read_only": str(int(read_only)), "master_host": "10.0.0.1"} if role else {}
        self.broker.facts["info"] = info

    def job(self, worker: WorkerRecord, number: int, runtime_s: float, name: str = "app.send") -> None:
        worker.jobs.append(WorkerJob(id=f"j{number}", name=name, queue="mail", runtime_s=runtime_s))
        book = self.reading.evidence
        book.add("worker.job_runtime_s", f"main/{worker.id}", runtime_s, "s", f"inspect active: j{number}")

    def rate(self, queue: str, first: float, last: float, seconds: float = 60) -> None:
        net = (last - first) / seconds
        evidence = self.reading.evidence.add("queue.net_rate", f"main/{queue}", net, "messages/s", "samples")
        self.rates["celery", queue] = Rate(seconds, first, last, first, last, evidence)

    def facts(self, queue: str | None = None) -> Facts:
        return Facts(self.reading, self.thresholds, self.rates, self.consumed, self.earlier, queue, NOW)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def replicate(valkey: redis.Redis, wait_until: Callable[..., None]) -> Iterator[Callable[[], redis.Redis]]:
    """Attaches a real replica to the server and waits until it is in step."""
    with ExitStack() as kept:

        def start() -> redis.Redis:
            server = kept.enter_context(EmbeddedRedis())
            client = kept.enter_context(redis.Redis(host="127.0.0.1", port=server.port))
            client.replicaof("127.0.0.1", valkey.get_connection_kwargs()["port"])
            keys = valkey.dbsize()
            up = "the replica is in step"
            wait_until(
                lambda: client.info("replication")["master_link_status"] == "up" and client.dbsize() == keys, up, 30
            )
            return client

        yield start
