"""Jobs that run far too long: stuck-jobs.

What counts as too long: ten times the median of at least three other running jobs of the same task and more than the
latency threshold (a fact: the peers prove it), or ten times the latency threshold without peers (a hypothesis: the
task may simply be long). Where no worker answers, the age of deliveries is the only sign, and a hypothesis.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from tools.contract import Confidence, Severity, WorkerJob, WorkerRecord
from tools.diagnosis.draft import Draft, Outcome, Rule, Step
from tools.diagnosis.facts import Facts, answering, silent
from tools.diagnosis.thresholds import STUCK_FACTOR, STUCK_PEERS, VISIBILITY_TIMEOUT_S
from tools.reading import FrameworkReading


@dataclass(frozen=True)
class _Stuck:
    job: WorkerJob
    worker: WorkerRecord
    runtime_s: float
    peers_s: float | None


def stuck(facts: Facts) -> Iterator[Outcome]:
    """One finding per queue, for its longest running job."""
    for framework in facts.reading.frameworks:
        by_queue: dict[str | None, list[_Stuck]] = defaultdict(list)
        for found in _stuck_in(facts, framework):
            by_queue[found.job.queue].append(found)
        for queue, jobs in by_queue.items():
            if facts.queue in (None, queue):
                yield _finding(facts, framework, queue, jobs)
        yield from _unanswered(facts, framework)


def _stuck_in(facts: Facts, framework: FrameworkReading) -> Iterator[_Stuck]:
    running = [(w, j, j.runtime_s) for w in answering(framework) for j in w.jobs if j.runtime_s is not None]
    for worker, job, runtime in running:
        if runtime <= facts.thresholds.latency_s:
            continue
        peers = [r for _, other, r in running if other.name == job.name and other.id != job.id]
        usual = median(peers) if len(peers) >= STUCK_PEERS else None
        if usual is not None and runtime > STUCK_FACTOR * usual:
            yield _Stuck(job, worker, runtime, usual)
        elif runtime > STUCK_FACTOR * facts.thresholds.latency_s:
            yield _Stuck(job, worker, runtime, None)


def _finding(facts: Facts, framework: FrameworkReading, queue: str | None, jobs: list[_Stuck]) -> Draft:
    worst = max(jobs, key=lambda s: (s.peers_s is not None, s.runtime_s))
    severity: Severity = "high" if _blocked(worst.worker, jobs) else "medium"
    confidence: Confidence = "fact" if worst.peers_s is not None else "hypothesis"
    said: dict[str, object] = {
        "count": len(jobs), "task": worst.job.name, "worker": worst.worker.id, "runtime": worst.runtime_s,
        "peers": worst.peers_s, "factor": STUCK_FACTOR, "limit": STUCK_FACTOR * facts.thresholds.latency_s,
    }  # fmt: skip
    over = worst.runtime_s > VISIBILITY_TIMEOUT_S
    steps = (
        Step("see_stack", {"pid": worst.worker.pid or "PID"}, f"py-spy dump --pid {worst.worker.pid or 'PID'}"),
        Step("set_time_limit", command="celery -A proj worker --time-limit 600 --soft-time-limit 540"),
        Step("restart_worker"),
        *((Step("visibility", {"timeout": VISIBILITY_TIMEOUT_S}),) if over else ()),
    )
    workers = dict.fromkeys(s.worker.id for s in jobs)
    shown = facts.measured(*(("worker.job_runtime_s", name) for name in workers))
    at = facts.at(framework, queue, worst.worker.id)
    text = "summary" if worst.peers_s is not None else "alone"
    return Draft("stuck-jobs", severity, confidence, at, said, shown, steps, text)


def _blocked(worker: WorkerRecord, jobs: list[_Stuck]) -> bool:
    """Whether stuck jobs take every slot of the worker."""
    return worker.concurrency is not None and sum(s.worker.id == worker.id for s in jobs) >= worker.concurrency


def _unanswered(facts: Facts, framework: FrameworkReading) -> Iterator[Outcome]:
    """Workers that do not answer cannot tell what they run; only old deliveries speak."""
    unacked = framework.facts.get("unacked") or {}
    age = unacked.get("oldest_delivered_s")
    waiting_for_time = int(unacked.get("eta") or 0)
    limit = STUCK_FACTOR * facts.thresholds.latency_s
    if not silent(framework):
        return
    at = facts.at(framework)
    if age is not None and age > limit and not waiting_for_time:
        said = {"age": age, "limit": limit, "workers": ", ".join(w.id for w in silent(framework))}
        prove = Step("prove_silent", command="ps -eo pid,stat,etime,args | grep '[c]elery'")
        shown = facts.measured(("unacked.oldest_s", None), ("unacked.total", None))
        yield Draft(
            "stuck-jobs", "medium", "hypothesis", at, said, shown, (prove, Step("restart_worker")), "deliveries"
        )


RULES = (Rule(("stuck-jobs",), stuck),)
