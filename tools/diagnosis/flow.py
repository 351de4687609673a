"""How work flows: backlog-growing, backlog-draining, prefetch-hoarding, unacked-pileup.

Redis tells only net changes, so a direction needs two samples; a length alone is never a fact about direction.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.contract import QueueRecord, Severity, WorkerRecord
from tools.diagnosis.draft import Doubt, Draft, Outcome, Rule, Step, quoted
from tools.diagnosis.facts import (
    Facts,
    Rate,
    answering,
    consuming,
    detail,
    everybody_answered,
    has_consumer,
    idle,
    view_of,
)
from tools.diagnosis.thresholds import BACKLOG_LEAST, CHANGE_LEAST, CHANGE_SHARE, ETA_HELD
from tools.reading import FrameworkReading


def backlog(facts: Facts) -> Iterator[Outcome]:
    """Which way each queue goes."""
    for framework, record in facts.queues():
        rate = facts.rate(framework, record.name)
        if rate is None:
            yield from _length_alone(facts, framework, record)
        elif _direction(rate) > 0 and rate.last >= BACKLOG_LEAST and not _absorbed(framework, record.name):
            yield _growing(facts, framework, record, rate)
        elif _direction(rate) < 0 and rate.ready_last > 0:
            yield _draining(facts, framework, record, rate)
        elif _long(facts, record):
            yield from _standing(facts, framework, record, rate)


def _direction(rate: Rate) -> int:
    change = rate.last - rate.first
    if abs(change) < max(CHANGE_LEAST, CHANGE_SHARE * rate.first):
        return 0
    return 1 if change > 0 else -1


def _absorbed(framework: FrameworkReading, queue: str) -> bool:
    """Whether a consumer still has room: then the growth is a burst on its way in."""
    return any(
        w.busy is not None and w.concurrency is not None and 0 < w.busy < w.concurrency
        for w in consuming(framework, queue)
    )


def _long(facts: Facts, record: QueueRecord) -> bool:
    return (record.ready or 0) > facts.thresholds.queue_length


def _growing(facts: Facts, framework: FrameworkReading, record: QueueRecord, rate: Rate) -> Draft:
    severity: Severity = "high" if _long(facts, record) else "medium"
    said: dict[str, object] = {
        "queue": record.name, "net": rate.net_per_s, "seconds": rate.seconds, "first": rate.first, "last": rate.last,
    }  # fmt: skip
    shown = (*facts.evidence("queue.ready", record.name), rate.evidence)
    steps = (
        Step("measure_rates", {}, None, "measure", {"target": facts.target, "queue": record.name, "seconds": 20}),
        Step("add_workers", {"queue": record.name}, f"celery -A proj worker -Q {quoted(record.name)}"),
        Step("find_slow"),
    )
    return Draft("backlog-growing", severity, "fact", facts.at(framework, record.name), said, shown, steps)


def _draining(facts: Facts, framework: FrameworkReading, record: QueueRecord, rate: Rate) -> Draft:
    said: dict[str, object] = {
        "queue": record.name, "net": -rate.net_per_s, "seconds": rate.seconds, "left": rate.last,
        "drain_s": rate.last / -rate.net_per_s,
    }  # fmt: skip
    shown = (*facts.evidence("queue.ready", record.name), rate.evidence)
    return Draft("backlog-draining", "info", "fact", facts.at(framework, record.name), said, shown)


def _length_alone(facts: Facts, framework: FrameworkReading, record: QueueRecord) -> Iterator[Outcome]:
    if _long(facts, record) and _may_move(facts, framework, record.name):
        yield _maybe_growing(facts, framework, record, "length_alone")
    elif record.ready:
        at = facts.at(framework, record.name)
        yield Doubt("backlog-growing", at, "one_sample", {"queue": record.name}, needed=False)


def _standing(facts: Facts, framework: FrameworkReading, record: QueueRecord, rate: Rate) -> Iterator[Outcome]:
    if _may_move(facts, framework, record.name):
        yield _maybe_growing(facts, framework, record, "standing", rate)


def _may_move(facts: Facts, framework: FrameworkReading, queue: str) -> bool:
    """Whether somebody consumes the queue, or nobody could be asked; else the length has another cause."""
    view = view_of(framework, queue)
    return has_consumer(framework, queue) or facts.blind is not None or (view is not None and view.basis == "not_asked")


def _maybe_growing(
    facts: Facts, framework: FrameworkReading, record: QueueRecord, text: str, rate: Rate | None = None
) -> Draft:
    said: dict[str, object] = {"queue": record.name, "ready": record.ready, "threshold": facts.thresholds.queue_length}
    if rate:
        said["seconds"] = rate.seconds
    look = {"target": facts.target, "queue": record.name, "window_s": 30}
    steps = (Step("look_longer", {"seconds": 30}, None, "diagnose", look), Step("find_slow"))
    shown = facts.evidence("queue.ready", record.name) + ((rate.evidence,) if rate else ())
    at = facts.at(framework, record.name)
    return Draft("backlog-growing", "medium", "hypothesis", at, said, shown, steps, text)


def hoarding(facts: Facts) -> Iterator[Outcome]:
    """Workers that hold tasks back while another worker of the same queue has nothing to do.

    With messages waiting in the queue the idle worker could take one: then it is stalled, and nobody hoards from it.
    """
    for framework, record in facts.queues():
        workers = consuming(framework, record.name)
        idlers = [w for w in workers if idle(w)]
        full = [w for w in workers if _full(w)]
        if full and idlers and not record.ready:
            yield _hoarder(facts, framework, record.name, max(full, key=lambda w: detail(w, "reserved") or 0), idlers)


def _full(worker: WorkerRecord) -> bool:
    reserved = detail(worker, "reserved")
    return reserved is not None and bool(worker.concurrency) and reserved >= (worker.concurrency or 0)


def _hoarder(
    facts: Facts, framework: FrameworkReading, queue: str, holder: WorkerRecord, idlers: list[WorkerRecord]
) -> Draft:
    said: dict[str, object] = {
        "queue": queue, "worker": holder.id, "reserved": detail(holder, "reserved"),
        "concurrency": holder.concurrency, "idle": ", ".join(w.id for w in idlers),
    }  # fmt: skip
    pairs = [
        ("worker.reserved", holder.id),
        ("worker.concurrency", holder.id),
        *(("worker.busy", w.id) for w in idlers),
    ]
    steps = (
        Step("prefetch_one", command="celery -A proj worker --prefetch-multiplier 1"),
        Step("disable_prefetch", command="celery -A proj worker --disable-prefetch"),
        Step("free_reserved"),
    )
    at = facts.at(framework, queue, holder.id)
    return Draft(
        "prefetch-hoarding", "medium", "fact", at, said, facts.measured(*pairs), steps,
        knowledge=("performance/prefetch",),
    )  # fmt: skip


def pileup(facts: Facts) -> Iterator[Outcome]:
    """More deliveries without acknowledgement than the workers may hold, or very many that wait for their time.

    A worker raises its prefetch count by one for every ETA task that it holds, so its count already covers those.
    """
    for framework in facts.reading.frameworks:
        unacked = framework.facts.get("unacked") or {}
        total, eta = int(unacked.get("total") or 0), int(unacked.get("eta") or 0)
        workers = answering(framework)
        if not total or not workers or not everybody_answered(facts, framework):
            continue
        limits = [detail(w, "prefetch_count") for w in workers]
        normal = None if any(not n for n in limits) else sum(n or 0 for n in limits)
        lost = int(unacked.get("held_by_nobody") or 0)
        if normal is not None and total - lost > normal:
            yield _piled(facts, framework, {"total": total, "normal": normal, "eta": eta}, "summary")
        elif eta >= ETA_HELD:
            yield _piled(facts, framework, {"total": total, "eta": eta, "workers": len(workers)}, "eta")


def _piled(facts: Facts, framework: FrameworkReading, said: dict[str, object], text: str) -> Draft:
    shown = facts.measured(("unacked.total", None), ("unacked.eta", None), ("unacked.oldest_s", None))
    by_eta = (Step("schedule_outside"), Step("eta_limit"))
    by_hand = (Step("acknowledge"), Step("find_slow"))
    steps = by_eta if text == "eta" else by_hand
    return Draft("unacked-pileup", "medium", "fact", facts.at(framework), said, shown, steps, text)


RULES = (
    Rule(("backlog-growing", "backlog-draining"), backlog),
    Rule(("prefetch-hoarding",), hoarding),
    Rule(("unacked-pileup",), pileup),
)
