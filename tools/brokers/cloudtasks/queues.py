"""From the API's queue messages to queue records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tools.brokers.cloudtasks.tasks import Listing
from tools.contract import QueueRecord

_DURATION = re.compile(r"^(-?\d+(?:\.\d+)?)s$")
_RATES = ("max_dispatches_per_second", "max_burst_size", "max_concurrent_dispatches")
_STATS = ("tasks_count", "executed_last_minute_count", "concurrent_dispatches_count")


def name_of(queue: Mapping[str, Any]) -> str:
    """The queue's id: what stands behind `/queues/` in its resource name."""
    return str(queue.get("name", "")).partition("/queues/")[2]


def record_of(queue: Mapping[str, Any], listing: Listing | None, now: float) -> QueueRecord:
    """A record.

    Args:
        listing: of its tasks; None where they were not listed.
        now: Unix seconds, by which ages are told.
    """
    stats = stats_of(queue)
    state = str(queue.get("state") or "STATE_UNSPECIFIED")
    age = now - listing.oldest_due if listing and listing.exact and listing.oldest_due is not None else None
    return QueueRecord(
        name=name_of(queue),
        framework=None,
        kind="push",
        ready=listing.ready if listing else None,
        scheduled=listing.scheduled if listing else None,
        retrying=listing.retrying if listing else None,
        in_flight=stats["concurrent_dispatches_count"] if stats else None,
        oldest_age_s=round(max(0.0, age), 3) if age is not None else None,
        paused={"RUNNING": False, "PAUSED": True, "DISABLED": True}.get(state),
        details=_details(queue, state, stats, listing),
    )


def stats_of(queue: Mapping[str, Any]) -> dict[str, Any] | None:
    """The beta API's statistics; None where the answer has none."""
    given = queue.get("stats")
    if not isinstance(given, Mapping):
        return None
    found: dict[str, Any] = {key: _whole(given.get(key)) for key in _STATS}
    rate = given.get("effective_execution_rate")
    found["effective_execution_rate"] = float(rate) if isinstance(rate, (int, float)) else None
    found["oldest_estimated_arrival_time"] = given.get("oldest_estimated_arrival_time")
    return found


def _details(
    queue: Mapping[str, Any], state: str, stats: dict[str, Any] | None, listing: Listing | None
) -> dict[str, Any]:
    rates, retry = _part(queue, "rate_limits"), _part(queue, "retry_config")
    return {
        "resource": queue.get("name"),
        "state": state,
        # none of these may be 0: that is a number which was left out of the message
        "rate_limits": {key: rates.get(key) or None for key in _RATES},
        "retry": {
            "max_attempts": retry.get("max_attempts") or None,
            "max_retry_duration_s": _duration(retry.get("max_retry_duration")),
            "min_backoff_s": _duration(retry.get("min_backoff")),
            "max_backoff_s": _duration(retry.get("max_backoff")),
            "max_doublings": retry.get("max_doublings"),
        },
        "purge_time": queue.get("purge_time"),
        "task_ttl_s": _duration(queue.get("task_ttl")),
        "logging_ratio": _part(queue, "stackdriver_logging_config").get("sampling_ratio"),
        "stats": stats,
        "tasks": _listed(listing) if listing else None,
    }


def _listed(listing: Listing) -> dict[str, Any]:
    return {
        "listed": listing.listed,
        "exact": listing.exact,
        "unanswered": listing.unanswered,
        "most_dispatched": listing.most_dispatched,
        "last_codes": dict(listing.last_codes),
    }


def _part(queue: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = queue.get(key)
    return found if isinstance(found, Mapping) else {}


def _whole(value: object) -> int | None:
    """64-bit numbers travel as strings."""
    return int(value) if isinstance(value, (int, str)) and str(value).isdecimal() else None


def _duration(value: object) -> float | None:
    match = _DURATION.match(str(value))
    return float(match.group(1)) if match else None
