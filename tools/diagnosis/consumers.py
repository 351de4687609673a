"""Who consumes: no-consumers, queue-mismatch, paused, consumer-stalled, workers-lost.

A queue with waiting messages and nobody to take them gets exactly one of paused, queue-mismatch and no-consumers. That
a worker gave no answer proves nothing: it ends in a hypothesis or a doubt. So does everything on a server that is not
the primary: workers are connected elsewhere.

`queue-mismatch` rests on similar names alone: the contract's other sign, a queue without a bound producer, cannot be
seen on Redis, where the consumer's own declaration and the producer's leave the same binding.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.contract import At, Confidence, Evidence, QueueRecord, Severity, WorkerRecord
from tools.diagnosis.draft import Doubt, Draft, Outcome, Rule, Step, quoted
from tools.diagnosis.facts import (
    Facts,
    answering,
    asked,
    consuming,
    everybody_answered,
    has_consumer,
    idle,
    nobody_connected,
    same_process,
    silent,
    view_of,
)
from tools.diagnosis.names import similar
from tools.diagnosis.thresholds import VISIBILITY_TIMEOUT_S
from tools.reading import ConsumerView, FrameworkReading


def nobody_takes(facts: Facts) -> Iterator[Outcome]:
    """Queues that hold messages and that nobody is known to consume."""
    for framework, record in facts.queues():
        if record.ready is None:
            yield Doubt("no-consumers", facts.at(framework, record.name), "depth", {"queue": record.name})
        elif record.ready > 0 and not has_consumer(framework, record.name):
            yield from _unconsumed(facts, framework, record, record.ready)


def _unconsumed(facts: Facts, framework: FrameworkReading, record: QueueRecord, ready: int) -> Iterator[Outcome]:
    view = view_of(framework, record.name)
    at = facts.at(framework, record.name)
    if facts.blind:
        yield from _undecided(at, facts.blind, {"queue": record.name}, "no-consumers")
    elif view is not None and view.confidence == "fact" and view.count == 0:
        yield from _absent(facts, framework, record.name, ready, view)
    elif view is not None and view.basis in {"clients_denied", "strangers"}:
        yield _perhaps_absent(facts, framework, record.name, ready, view)
        yield from _undecided(at, "consumers", {"queue": record.name})
    elif not asked(framework):
        yield from _undecided(at, "not_asked", {"queue": record.name}, "no-consumers")
    elif view is not None and view.basis == "silent":
        yield _silent_worker(facts, framework, record.name, ready, view)
        yield from _undecided(at, "silent", {"queue": record.name}, "no-consumers")
    else:
        yield from _undecided(at, "consumers", {"queue": record.name}, "no-consumers")


def _undecided(at: At, key: str, said: dict[str, object], *needed: str) -> Iterator[Doubt]:
    """Who does not know the consumers of a queue knows of no pause and no mistyped name either."""
    yield from (Doubt(cause, at, key, said) for cause in needed)
    yield from (Doubt(cause, at, key, said, needed=False) for cause in ("queue-mismatch", "paused"))


def _perhaps_absent(facts: Facts, framework: FrameworkReading, queue: str, ready: int, view: ConsumerView) -> Draft:
    """No worker that could be asked, and connections that are not shown or may belong to something else."""
    said: dict[str, object] = {"queue": queue, "ready": ready, "framework": framework.summary.id}
    text, prove = "denied", (Step("allow_client_list"),)
    if view.basis == "strangers":
        see = f"redis-cli -n {facts.reading.target.db} CLIENT LIST"
        text, prove = "strangers", (Step("whose_connections", {"framework": framework.summary.id}, see),)
    steps = (*prove, *_start(queue))
    return Draft(
        "no-consumers", "high", "hypothesis", facts.at(framework, queue), said, _shown(facts, queue, view), steps, text
    )


def _absent(facts: Facts, framework: FrameworkReading, queue: str, ready: int, view: ConsumerView) -> Iterator[Outcome]:
    at, shown = facts.at(framework, queue), _shown(facts, queue, view)
    said: dict[str, object] = {"queue": queue, "ready": ready, "workers": len(answering(framework))}
    if cancelled := _cancelled(facts, framework, queue):
        said["worker"] = cancelled.id
        resume = Step("resume", {"queue": queue}, f"celery -A proj control add_consumer {quoted(queue)}")
        yield Draft("paused", "medium", "fact", at, said, shown, (resume, Step("ask_why_paused")))
    elif twin := _twin(framework, queue):
        said |= {"other": twin[1], "worker": twin[0].id}
        shown += facts.evidence("queue.ready", twin[1])
        yield Draft("queue-mismatch", "critical", "fact", at, said, shown, _realign(queue, twin[1]))
    else:
        text = "summary" if view.basis == "no_client" else "answered"
        running = _add_consumer(queue) if text == "answered" else ()
        steps = (*running, *_start(queue), Step("check_routing", {"queue": queue}))
        yield Draft("no-consumers", "critical", "fact", at, said, shown, steps, text)
        if text == "answered":
            yield Doubt("paused", at, "cancelled", {"queue": queue}, needed=False)


def _cancelled(facts: Facts, framework: FrameworkReading, queue: str) -> WorkerRecord | None:
    """A worker that answers, and that consumed the queue earlier in the life of the same process.

    Only that proves a pause: the worker's answer does not tell which queues it was started with.
    """
    before = facts.consumed.get((framework.key, queue), frozenset())
    return next((w for w in answering(framework) if any(same_process(facts, seen, w) for seen in before)), None)


def _twin(framework: FrameworkReading, queue: str) -> tuple[WorkerRecord, str] | None:
    """A worker and its empty queue whose name is nearly this one."""
    empty = {r.name for r in framework.queues if r.ready == 0}
    for worker in answering(framework):
        for other in worker.queues or ():
            if other in empty and similar(queue, other):
                return worker, other
    return None


def _silent_worker(facts: Facts, framework: FrameworkReading, queue: str, ready: int, view: ConsumerView) -> Draft:
    known = silent(framework)
    said: dict[str, object] = {"queue": queue, "ready": ready}
    at = facts.at(framework, queue, known[0].id if len(known) == 1 else None)
    prove = Step("prove_silent", command="ps -eo pid,stat,etime,args | grep '[c]elery'")
    wake = Step("wake_or_restart", command="kill -CONT PID")
    shown = _shown(facts, queue, view) + facts.evidence("broker.pubsub_clients")
    return Draft(
        "consumer-stalled", "high", "hypothesis", at, said, shown, (prove, _look(facts, queue), wake), "silent"
    )


def idle_consumers(facts: Facts) -> Iterator[Outcome]:
    """Queues whose consumers answer, run nothing and fetch nothing while messages wait."""
    for framework, record in facts.queues():
        workers = consuming(framework, record.name)
        if record.ready and workers and all(idle(w) for w in workers):
            yield from _stalled(facts, framework, record, workers)
    for framework in facts.reading.frameworks:
        if silent(framework) and not any(r.ready for r in framework.queues):
            names = ", ".join(w.id for w in silent(framework))
            yield Doubt("consumer-stalled", facts.at(framework), "silent_worker", {"workers": names})


def looks_stalled(facts: Facts) -> bool:
    """Whether one reading leaves a stall possible, so that a second look is worth its time."""
    return any(isinstance(outcome, Draft) for outcome in idle_consumers(facts))


def unheard(facts: Facts) -> Iterator[Outcome]:
    """What only workers can tell is neither found nor ruled out where not every one of them answered."""
    for framework in facts.reading.frameworks:
        if not (everybody_answered(facts, framework) or nobody_connected(facts, framework)):
            for cause in ("consumer-stalled", "prefetch-hoarding", "unacked-pileup", "stuck-jobs"):
                key = facts.blind or ("not_all_answered" if asked(framework) else "nobody_asked")
                yield Doubt(cause, facts.at(framework), key, needed=facts.blind is not None)


def _stalled(
    facts: Facts, framework: FrameworkReading, record: QueueRecord, workers: list[WorkerRecord]
) -> Iterator[Draft]:
    rate = facts.rate(framework, record.name)
    if rate and rate.ready_last < rate.ready_first:
        return
    done = _taken(facts, framework, workers)
    if done:
        return
    proven = done == 0 and rate is not None and rate.ready_first > 0
    at = facts.at(framework, record.name, workers[0].id if len(workers) == 1 else None)
    said: dict[str, object] = {"queue": record.name, "ready": record.ready, "workers": len(workers)}
    severity: Severity = "critical" if proven else "high"
    confidence: Confidence = "fact" if proven else "hypothesis"
    shown = facts.evidence("queue.ready", record.name)
    shown += tuple(e for w in workers for e in facts.measured(("worker.busy", w.id), ("worker.reserved", w.id)))
    if rate and proven:
        said["seconds"] = rate.seconds
        shown += (rate.evidence,)
    steps = (() if proven else (_look(facts, record.name),)) + (Step("restart_worker"), Step("check_connection"))
    yield Draft("consumer-stalled", severity, confidence, at, said, shown, steps, "proven" if proven else "summary")


def _taken(facts: Facts, framework: FrameworkReading, workers: list[WorkerRecord]) -> int | None:
    """How many tasks the workers accepted since the earlier reading of this call; None without one."""
    before = {
        w.id: w
        for f in (facts.earlier.frameworks if facts.earlier else [])
        if f.summary.id == framework.summary.id
        for w in answering(f)
    }
    if any(w.id not in before for w in workers):
        return None
    return sum(_accepted(w) - _accepted(before[w.id]) for w in workers)


def _accepted(worker: WorkerRecord) -> int:
    total = worker.details.get("total") or {}
    return sum(int(n) for n in total.values())


def left_behind(facts: Facts) -> Iterator[Outcome]:
    """Deliveries that no living worker knows of."""
    for framework in facts.reading.frameworks:
        unacked = framework.facts.get("unacked") or {}
        total, held = int(unacked.get("total") or 0), unacked.get("held_by_nobody")
        alone = nobody_connected(facts, framework)
        if not total or held == 0:
            continue
        if facts.blind or (held is None and not alone):
            key = facts.blind or ("deliveries" if asked(framework) else "deliveries_not_asked")
            needed = bool(facts.blind or silent(framework))
            yield Doubt("workers-lost", facts.at(framework), key, {"total": total}, needed)
            continue
        yield from _lost(facts, framework, total if alone else int(held or 0), alone)


def _lost(facts: Facts, framework: FrameworkReading, held: int, alone: bool) -> Iterator[Draft]:
    unacked = framework.facts["unacked"]
    by_queue: dict[str, dict[str, int]] = unacked.get("by_queue") or {}
    certain = held == unacked.get("total") or len(by_queue) == 1
    shares: dict[str | None, int] = {q: min(n["total"], held) for q, n in by_queue.items()} if certain else {}
    severity: Severity = "critical" if alone else "high"
    steps = (
        *(() if alone else (Step("wait_for_return", {"timeout": VISIBILITY_TIMEOUT_S}),)),
        *(_start(",".join(sorted(by_queue)) or "QUEUE") if alone else ()),
        Step("why_killed", command="journalctl -k | grep -i 'killed process'"),
        Step("deliveries_return", {"timeout": VISIBILITY_TIMEOUT_S}) if alone else Step("check_grace_period"),
    )
    shown = facts.measured(("unacked.total", None), ("unacked.oldest_s", None), *_pair(alone))
    text = {(True, True): "all_gone", (True, False): "all_gone_anywhere", (False, False): "anywhere"}
    for queue, count in (shares or {None: held}).items():
        if queue is not None and facts.queue not in (None, queue):
            continue
        said: dict[str, object] = {"held": count, "queue": queue or "?", "target": facts.target}
        evidence: tuple[Evidence, ...] = (facts.evidence("queue.in_flight", queue) if queue else ()) + shown
        at = facts.at(framework, queue)
        name = text.get((alone, queue is not None), "summary")
        yield Draft("workers-lost", severity, "fact", at, said, evidence, steps, name)


def _pair(alone: bool) -> tuple[tuple[str, str | None], ...]:
    return (("broker.consumer_clients", None), ("broker.pubsub_clients", None)) if alone else ()


def _shown(facts: Facts, queue: str, view: ConsumerView) -> tuple[Evidence, ...]:
    return facts.measured(("queue.ready", queue), ("queue.consumers", queue)) + tuple(view.evidence)


def _look(facts: Facts, queue: str) -> Step:
    """A look with a window, which turns a moment into a fact."""
    return Step(
        "look_longer", {"seconds": 15}, None, "diagnose", {"target": facts.target, "queue": queue, "window_s": 15}
    )


def _start(queue: str) -> tuple[Step, ...]:
    names = queue if queue == "QUEUE" else quoted(queue)
    return (Step("start_worker", {"queue": queue}, f"celery -A proj worker -Q {names}"),)


def _add_consumer(queue: str) -> tuple[Step, ...]:
    return (Step("add_consumer", {"queue": queue}, f"celery -A proj control add_consumer {quoted(queue)}"),)


def _realign(queue: str, other: str) -> tuple[Step, ...]:
    return (
        Step("take_both", {"queue": queue}, f"celery -A proj control add_consumer {quoted(queue)}"),
        Step("fix_name", {"queue": queue, "other": other}),
    )


RULES = (
    Rule(("no-consumers", "queue-mismatch", "paused", "consumer-stalled"), nobody_takes),
    Rule(("consumer-stalled",), idle_consumers),
    Rule(("workers-lost",), left_behind),
    Rule(("consumer-stalled", "prefetch-hoarding", "unacked-pileup", "stuck-jobs"), unheard),
)
