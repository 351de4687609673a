"""What the sample store adds to one reading: rates, and who consumed a queue before somebody cancelled it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tools.contract import Evidence
from tools.diagnosis.facts import Rate, Seen, answering, started_at
from tools.diagnosis.thresholds import RATE_BEST_S, RATE_LEAST_S, RATE_MOST_S
from tools.reading import TargetReading
from tools.samples import Sample

# `process:<pid>:<worker id>`, the metric of a sample that says: this process, started at `value`, consumed the queue.
_PROCESS = "process:"
_Depths = dict[float, dict[str, float]]


def rates_of(
    reading: TargetReading, samples: Iterable[Sample], now: float, window_s: float | None = None
) -> dict[tuple[str, str], Rate]:
    """Per reader and queue, the change from the best earlier sample to the latest.

    Args:
        samples: of the target, with `ready` and `in_flight`.
        now: Unix time in seconds.
        window_s: prefer samples this far apart; without it about a minute, at least 5 s and at most 10 minutes.
    """
    best = window_s or RATE_BEST_S
    least = 0.8 * window_s if window_s else RATE_LEAST_S
    found: dict[tuple[str, str], Rate] = {}
    for key, depths in _by_queue(samples).items():
        last = max(depths)
        earlier = [at for at in depths if least <= last - at and now - at <= RATE_MOST_S]
        if earlier and now - last < RATE_BEST_S:
            first = min(earlier, key=lambda at: abs(last - at - best))
            if _ready(depths, first, last) * _ready(depths, max(earlier), last) < 0:
                first = max(earlier)  # it turned since: what happens now is what counts
            found[key] = _rate(reading, key[1], (first, depths[first]), (last, depths[last]))
    return found


def consumers_seen(samples: Iterable[Sample]) -> dict[tuple[str, str], frozenset[Seen]]:
    """Per reader and queue: every process that was seen consuming it."""
    seen: dict[tuple[str, str], set[Seen]] = defaultdict(set)
    for sample in samples:
        if sample.metric.startswith(_PROCESS):
            pid, _, worker = sample.metric.removeprefix(_PROCESS).partition(":")
            seen[sample.framework, sample.queue].add(Seen(worker, int(pid), sample.value, sample.at))
    return {key: frozenset(workers) for key, workers in seen.items()}


def consumer_samples(reading: TargetReading, asked_at: float, read_at: float) -> list[Sample]:
    """What to remember of a reading, so that a later one can tell a cancelled queue from one that nobody ever had.

    Args:
        asked_at: before the reading began, Unix time in seconds: what answered was alive then or later.
        read_at: when it was complete.
    """
    return [
        Sample(framework.key, queue, f"{_PROCESS}{worker.pid}:{worker.id}", started, asked_at)
        for framework in reading.frameworks
        for worker in answering(framework)
        for queue in worker.queues or ()
        if worker.pid is not None and (started := started_at(worker, read_at)) is not None
    ]


def _by_queue(samples: Iterable[Sample]) -> Mapping[tuple[str, str], _Depths]:
    found: dict[tuple[str, str], _Depths] = defaultdict(lambda: defaultdict(dict))
    for sample in samples:
        if sample.metric in {"ready", "in_flight"}:
            found[sample.framework, sample.queue][sample.at][sample.metric] = sample.value
    complete = {key: {at: d for at, d in depths.items() if "ready" in d} for key, depths in found.items()}
    return {key: depths for key, depths in complete.items() if depths}


def _ready(depths: _Depths, first: float, last: float) -> float:
    """By how much fewer or more messages wait."""
    return depths[last]["ready"] - depths[first]["ready"]


def _rate(
    reading: TargetReading, queue: str, first: tuple[float, dict[str, float]], last: tuple[float, dict[str, float]]
) -> Rate:
    (first_at, before), (last_at, after) = first, last
    seconds = last_at - first_at
    flight = "in_flight" in before and "in_flight" in after
    started = before["ready"] + (before["in_flight"] if flight else 0)
    ended = after["ready"] + (after["in_flight"] if flight else 0)
    what = "ready + in flight" if flight else "ready"
    evidence: Evidence = reading.evidence.add(
        "queue.net_rate",
        f"{reading.target.name}/{queue}",
        round((ended - started) / seconds, 3),
        "messages/s",
        f"samples of {queue} {seconds:.0f} s apart, {what}: {started:.0f}, {ended:.0f}",
    )
    return Rate(seconds, before["ready"], after["ready"], started, ended, evidence)
