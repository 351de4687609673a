"""How many messages wait, read as cheaply as a system allows: for sampling once a second.

Known lists are measured in one pipeline; where nothing cheaper is known, the framework reads itself again without
asking its workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tools.contract import QueueRecord
from tools.frameworks.celery.layout import Layout
from tools.reading import EvidenceBook, Framework, FrameworkReading, TargetReading
from tools.targets import Target

Depths = dict[str, int | None]
_Keys = Callable[[Target, FrameworkReading, QueueRecord], list[str]]


def _celery_lists(target: Target, framework: FrameworkReading, record: QueueRecord) -> list[str]:
    layout = Layout(framework.summary.prefix, target.priority_steps)
    steps = {*layout.steps, *(int(step) for step in record.priorities or {})}
    return [layout.key(record.name, step) for step in sorted(steps)]


# Systems whose queues are lists: the keys of one queue.
_LISTS: Mapping[tuple[str | None, str], _Keys] = {("redis", "celery"): _celery_lists}


async def depths(
    session: Any, reading: TargetReading, framework: FrameworkReading, reader: Framework, records: Iterable[QueueRecord]
) -> Depths:
    """Messages that wait, by queue name; None where it could not be read.

    Raises:
        TargetError: the connection broke.
    """
    records = list(records)
    keys_of = _LISTS.get((reading.system, framework.summary.id))
    if keys_of is None:
        return await _read_again(session, reading, reader, records)
    keys = {r.name: keys_of(reading.target, framework, r) for r in records}
    replies = iter(await session.run(*(("LLEN", key) for found in keys.values() for key in found)))
    return {name: _sum([next(replies) for _ in found]) for name, found in keys.items()}


async def _read_again(session: Any, reading: TargetReading, reader: Framework, records: list[QueueRecord]) -> Depths:
    assert reading.broker is not None  # noqa: S101 - a framework was read, so the broker was
    again = await reader.read(session, reading.broker, EvidenceBook(), workers=False)
    found = {r.name: r.ready for r in again.queues} if again else {}
    return {r.name: found.get(r.name) for r in records}


def _sum(replies: list[Any]) -> int | None:
    return sum(replies) if all(isinstance(reply, int) for reply in replies) else None
