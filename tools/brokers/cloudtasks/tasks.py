"""What the list of a queue's tasks tells: what is due, what waits for its time, what was attempted before.

A task whose `schedule_time` is past, or that has none, is due; one that is being executed is due too, since the API
marks it only by a dispatch without a response. The list comes in any order, at most a thousand tasks a page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.contract import MessageState

# google.rpc.Code: how the last attempt of a task ended.
CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip


@dataclass
class Listing:
    """Counts of the tasks of one page.

    Attributes:
        exact: whether these are all tasks of the queue.
        unanswered: dispatched without a response yet: running, or the response was lost; they are among `ready`.
        last_codes: tasks by how their last answered attempt ended.
        oldest_due: smallest `schedule_time` of those due, Unix seconds. untimed: due ones without a `schedule_time`.
        oldest_created: smallest `create_time` of all.
    """

    exact: bool
    listed: int = 0
    ready: int = 0
    scheduled: int = 0
    retrying: int = 0
    unanswered: int = 0
    most_dispatched: int = 0
    untimed: int = 0
    oldest_due: float | None = None
    oldest_created: float | None = None
    last_codes: Counter[str] = field(default_factory=Counter)


def state_of(task: Mapping[str, Any], now: float) -> MessageState:
    """`ready`, `retry` (attempted, waits for its next time) or `scheduled` (never attempted, its time is to come)."""
    due = task.get("schedule_time")
    if due is None or due <= now:
        return "ready"
    return "retry" if task.get("dispatch_count") else "scheduled"


def listing_of(tasks: Sequence[Mapping[str, Any]], now: float, *, exact: bool) -> Listing:
    """Counts of these tasks."""
    found = Listing(exact, len(tasks))
    for task in tasks:
        state = state_of(task, now)
        found.ready += state == "ready"
        found.scheduled += state == "scheduled"
        found.retrying += state == "retry"
        dispatched = task.get("dispatch_count") or 0
        found.unanswered += dispatched > (task.get("response_count") or 0)
        found.most_dispatched = max(found.most_dispatched, dispatched)
        if task.get("last_code") is not None:
            found.last_codes[code_name(task["last_code"])] += 1
        due, created = task.get("schedule_time"), task.get("create_time")
        if state == "ready":
            found.untimed += due is None
            found.oldest_due = _least(found.oldest_due, due)
        found.oldest_created = _least(found.oldest_created, created)
    return found


def code_name(code: int) -> str:
    """A gRPC status by its name; other numbers, such as an emulator's HTTP codes, as they are."""
    return CODES[code] if 0 <= code < len(CODES) else str(code)


def _least(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else min(a, b)
