"""Joins what was read of Celery into queue records, consumers, facts, evidence, notices and gaps.

`in_flight` of a queue is what is in `unacked` and does not wait for its time, plus running tasks that were acknowledged
early, which only a worker can tell: without every worker's answer the sum is unknown, and `details.in_flight` holds the
part that is known.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tools.contract import At, Evidence, FrameworkSummary, QueueRecord, Scalar, WorkerRecord
from tools.frameworks.celery import liveness as liveness_module
from tools.frameworks.celery import redis_queues, results, unacked, workers
from tools.frameworks.celery.control import Replies
from tools.frameworks.celery.liveness import Liveness
from tools.frameworks.celery.redis_queues import Queues
from tools.frameworks.celery.results import ReplyQueues, Results
from tools.frameworks.celery.unacked import Entry, Kind, Unacked
from tools.frameworks.celery.wire import paste
from tools.reading import BrokerReading, ConsumerView, EvidenceBook, FrameworkReading, Gap, Texts


@dataclass
class Parts:
    """Everything that was read.

    Attributes:
        replies: None when no broadcast was sent.
        abandoned: delivery tags that no live worker knows; None when that cannot be told.
    """

    broker: BrokerReading
    queues: Queues
    unacked: Unacked
    results: Results | None
    reply_queues: ReplyQueues
    liveness: Liveness
    replies: Replies | None
    abandoned: list[str] | None
    busy: frozenset[str] = field(init=False)
    running: Counter[str] | None = field(init=False)
    entries: dict[str, dict[Kind, list[Entry]]] = field(init=False)

    def __post_init__(self) -> None:
        self.busy = workers.in_hand(self.replies) if self.replies else frozenset()
        self.running = self._running()
        self.entries = self.unacked.grouped(self.busy)

    @property
    def everybody(self) -> bool:
        """It is known of every worker what it does: all answered, or nobody is there."""
        answered = self.replies is not None and self.replies.complete
        return self.liveness.nobody or (self.liveness.known and answered)

    @property
    def strangers(self) -> bool:
        """Connections are there, and none of them is known to be a worker's: nobody has a mailbox, or listens to it."""
        if not self.liveness.known or self.liveness.nobody:
            return False
        replies = self.replies
        if replies is not None and (replies.failure or replies.names):
            return False
        unheard = self.liveness.pubsub == 0 or (replies is not None and replies.heard == 0)
        return unheard or not self.queues.routes.workers

    def at(self, queue: str | None = None) -> At:
        """A place in this reading."""
        return At(target=self.broker.target.name, framework="celery", queue=queue)

    def _running(self) -> Counter[str] | None:
        """Running tasks by queue that are in neither list nor hash; None when a worker's answer is missing."""
        if not self.everybody:
            return None
        held = {e.message.id for e in self.unacked.entries}
        jobs = [j for w in worker_list(self) or [] for j in w.jobs if j.id not in held]
        return Counter(job.queue or "" for job in jobs)


def join(parts: Parts, book: EvidenceBook) -> FrameworkReading:
    """The reading, with its evidence in the book."""
    clients = liveness_module.record(parts.liveness, parts.broker, book)
    redis_queues.record(parts.queues, parts.broker, book)
    unacked.record(parts.unacked, parts.queues.layout, parts.broker, book)
    results.record(parts.results, parts.reply_queues, parts.broker, book)
    found = worker_list(parts)
    workers.record(found or [], parts.broker, book)
    records, consumers = [], {}
    for queue in parts.queues.depth:
        view = _consumers(parts, queue, clients, book)
        consumers[queue] = view
        records.append(_record(parts, queue, view, book))
    notices, gaps = redis_queues.report(parts.queues, parts.broker)
    return FrameworkReading(
        summary=FrameworkSummary(
            id="celery",
            prefix=parts.queues.layout.prefix,
            layout=parts.queues.known_since,
            layout_known=not parts.queues.routes.unreadable,
            totals={"scheduled": _total(parts, "scheduled"), "retrying": _total(parts, "retry"), "dead": None},
        ),
        queues=records,
        consumers=consumers,
        workers=found,
        facts=_facts(parts),
        notices=notices + _notices(parts),
        gaps=gaps + _gaps(parts),
        claimed=parts.queues.claimed,
    )


def worker_list(parts: Parts) -> list[WorkerRecord] | None:
    """Workers that answered, and silent ones; empty only where nobody is there; None where nothing can be told."""
    if parts.liveness.nobody:
        return []
    replies = parts.replies
    if replies is None or parts.strangers or (replies.failure and not replies.names):
        return None
    if not replies.names and not parts.liveness.known:
        return None
    found = workers.worker_records(replies, parts.queues.routes)
    return found + workers.silent_records(replies, parts.queues.routes.workers) or None


def _consumers(parts: Parts, queue: str, clients: list[Evidence], book: EvidenceBook) -> ConsumerView:
    if parts.liveness.nobody:
        return ConsumerView(0, "fact", "no_client", clients)
    replies = parts.replies
    count = workers.consumers_of(replies, queue) if replies else 0
    if replies is None or not parts.everybody:
        return ConsumerView(count or None, "hypothesis", _basis(parts), clients)
    subject = f"{parts.broker.target.name}/{queue}"
    asked = "inspect active_queues"
    answered = book.add("queue.consumers", subject, count, "workers", asked, f"celery {asked}")
    return ConsumerView(count, "fact", "answered", [answered, *clients])


def _basis(parts: Parts) -> str:
    """Why who consumes is not known for certain."""
    if not parts.liveness.primary:
        return "replica"
    if not parts.liveness.known:
        return "clients_denied"
    if parts.strangers:
        return "strangers"
    replies = parts.replies
    return "not_asked" if replies is None or (replies.failure and not replies.names) else "silent"


def _record(parts: Parts, queue: str, view: ConsumerView, book: EvidenceBook) -> QueueRecord:
    kinds = parts.entries.get(queue, {})
    whole = parts.unacked.complete
    held = len(kinds.get("held", []))
    early = parts.running[queue] if parts.running is not None else None
    depth = parts.queues.depth[queue]
    record = QueueRecord(
        name=queue,
        framework="celery",
        namespace=parts.queues.layout.prefix or None,
        kind="list",
        ready=parts.queues.ready(queue),
        in_flight=held + early if whole and early is not None else None,
        scheduled=len(kinds.get("scheduled", [])) if whole else None,
        retrying=len(kinds.get("retry", [])) if whole else None,
        consumers=view.count if view.confidence == "fact" else None,
        priorities={str(step): n for step, n in depth.items() if n is not None},
        details={
            "declared": queue in parts.queues.declared,
            "exchange": parts.queues.routes.queues.get(queue),
            "in_flight": {"unacked": held if whole else None, "running_acknowledged_early": early},
        },
    )
    if view.confidence == "hypothesis" and view.count:
        record.details["consumers_at_least"] = view.count
    _counts(parts, record, book)
    return record


def _counts(parts: Parts, record: QueueRecord, book: EvidenceBook) -> None:
    key = parts.queues.layout.unacked
    source = f"HSCAN {key}"
    in_flight = f"{source} + inspect active" if parts.replies else source
    rows = (
        ("queue.in_flight", record.in_flight, in_flight),
        ("queue.scheduled", record.scheduled, f"{source}: headers.eta, retries 0"),
        ("queue.retrying", record.retrying, f"{source}: headers.eta, retries > 0"),
    )
    for metric, value, read_by in rows:
        if value:
            subject = f"{parts.broker.target.name}/{record.name}"
            book.add(metric, subject, value, "messages", read_by, paste(parts.broker.target.db, f"HLEN {key}"))


def _total(parts: Parts, kind: Kind) -> int | None:
    if not parts.unacked.complete:
        return None
    return sum(len(kinds[kind]) for kinds in parts.entries.values())


def _facts(parts: Parts) -> dict[str, Any]:
    found, replies = parts.unacked, parts.replies
    later, due = found.eta(parts.busy)
    return {
        "liveness": {
            "clients_known": parts.liveness.known,
            "pubsub": parts.liveness.pubsub,
            "brpop": parts.liveness.brpop,
            "asked": replies is not None,
            "answered": replies.answered if replies else None,
            "expected": replies.expected if replies else None,
        },
        "unacked": {
            "total": found.total or 0,
            "read": found.read,
            "eta": later,
            "eta_overdue": due,
            "retries": sum(1 for e in found.entries if e.message.retries),
            "held_by_nobody": None if parts.abandoned is None else len(parts.abandoned),
            "oldest_delivered_s": found.oldest_s,
            "by_queue": found.by_queue(),
        },
        "exchanges": dict(parts.queues.routes.queues),
        "pidbox": list(parts.queues.routes.workers),
        "results": vars(parts.results).copy() if parts.results else None,
        "reply_queues": vars(parts.reply_queues).copy(),
        "wrong_type": parts.queues.wrong_type,
    }


def _notices(parts: Parts) -> list[Texts]:
    found = parts.unacked
    notices = [Texts("celery_unacked_unreadable", {"count": found.unreadable})] if found.unreadable else []
    if parts.replies and parts.replies.duplicates:
        notices.append(Texts("celery_duplicate_nodes", {"nodes": ", ".join(sorted(set(parts.replies.duplicates)))}))
    return notices


def _gaps(parts: Parts) -> list[Gap]:
    gaps = [Gap(parts.at(), name, Texts(f"celery_{name}")) for name in ("oldest_age_s", "dead", "paused")]
    if not parts.unacked.complete:
        uncounted = _why_uncounted(parts.unacked)
        gaps += [Gap(parts.at(), name, uncounted) for name in ("in_flight", "scheduled", "retrying")]
    if not parts.everybody:
        gaps += [Gap(parts.at(), name, _why_unknown(parts)) for name in ("consumers", "in_flight", "workers")]
    return gaps


def _why_uncounted(found: Unacked) -> Texts:
    if found.refused:
        return Texts("celery_unacked_refused", {"detail": found.refused})
    return Texts("celery_unacked_capped", {"read": found.read, "total": found.total})


def _why_unknown(parts: Parts) -> Texts:
    replies, target = parts.replies, {"target": parts.broker.target.name}
    if not parts.liveness.primary:
        return Texts("celery_role_unread" if parts.liveness.primary is None else "celery_replica", {**target})
    if not replies and parts.liveness.pubsub and not parts.broker.target.control:
        return Texts("celery_control_off", {**target})
    if parts.strangers:
        counts: dict[str, Scalar] = {"brpop": parts.liveness.brpop, "pubsub": parts.liveness.pubsub}
        return Texts("celery_strangers_asked" if replies else "celery_strangers", counts)
    return _why_unanswered(parts, replies)


def _why_unanswered(parts: Parts, replies: Replies | None) -> Texts:
    if replies is None and not parts.broker.target.control:
        return Texts("celery_control_off", {"target": parts.broker.target.name})
    if replies is None:
        return Texts("celery_not_asked")
    if replies.failure:
        return Texts("celery_control_failed", {"detail": replies.failure})
    if not parts.liveness.known:
        return Texts("celery_clients_denied", {"answered": replies.answered})
    return Texts("celery_silent", {"answered": replies.answered, "expected": replies.expected})
