"""Leads a queue's name to exactly one queue of a target that was read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from tools.contract import At, QueueRecord
from tools.errors import AmbiguousQueue, UnknownQueue
from tools.reading import Gap, TargetReading


def find_queue(
    reading: TargetReading, queue: str, *, framework: str | None = None, namespace: str | None = None
) -> QueueRecord:
    """The one record of that exact name, of that framework and namespace where given.

    Raises:
        TargetError: the target could not be read.
        AmbiguousQueue: several; the message names the candidates as `framework/namespace/name`.
        UnknownQueue: none; the message names the three nearest.
    """
    if reading.error is not None:
        raise reading.error
    records = [r for r in reading.records()
               if framework in (None, r.framework) and namespace in (None, r.namespace or "")]  # fmt: skip
    found = [r for r in records if r.name == queue]
    if len(found) > 1:
        raise ambiguous_queue(queue, reading, found)
    if not found:
        raise unknown_queue(queue, [reading], records)
    return found[0]


def unknown_queue(queue: str, readings: Sequence[TargetReading], records: Iterable[QueueRecord]) -> UnknownQueue:
    """None of the records has the name: names the three nearest, and says so where not every key was seen."""
    near = difflib.get_close_matches(queue, sorted({r.name for r in records}), n=3, cutoff=0.0)
    partial = any(r.broker is not None and not r.broker.coverage.complete for r in readings)
    targets = ", ".join(r.target.name for r in readings) or "-"
    text = "unknown_queue_partial" if partial else None
    return UnknownQueue(text, queue=queue, target=targets, nearest=", ".join(near) or "-")


def ambiguous_queue(queue: str, reading: TargetReading, found: Iterable[QueueRecord]) -> AmbiguousQueue:
    """Several records have the name: an error that names them as `framework/namespace/name`."""
    candidates = ", ".join(_address(r) for r in found)
    return AmbiguousQueue(queue=queue, target=reading.target.name, candidates=candidates)


def gaps_of(reading: TargetReading, record: QueueRecord) -> list[Gap]:
    """What is unknown about one queue: its own gaps, and those of its framework and broker as a whole."""
    gaps = list(reading.broker.gaps) if reading.broker else []
    for framework in reading.frameworks:
        if framework.summary.id == record.framework:
            gaps += framework.gaps
    return [gap for gap in gaps if _concerns(gap.at, record)]


def _concerns(at: At, record: QueueRecord) -> bool:
    reader = record.framework or "native"
    return (
        at.queue in (None, record.name)
        and at.framework in (None, reader)
        and at.namespace in (None, record.namespace)
        and at.worker is None
    )


def _address(record: QueueRecord) -> str:
    return "/".join(part for part in (record.framework, record.namespace, record.name) if part)
