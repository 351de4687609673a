"""What was read of queues as evidence, and why the rest is unknown."""

from __future__ import annotations

from typing import Any

from tools.asking import Throttled, detail_of
from tools.brokers.cloudtasks.session import Answer, TasksSession
from tools.brokers.cloudtasks.tasks import Listing
from tools.contract import At, QueueRecord
from tools.errors import Forbidden, TargetError
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts, address

# Beyond these, evidence would be all that an answer has room for.
MOST_EVIDENCE = 200
_COUNTED = ("ready", "scheduled", "retrying")


def queue_gaps(
    target: str, record: QueueRecord, answer: Answer | TargetError | None, listing: Listing | None
) -> list[Gap]:
    """Why counts of one queue are unknown, or no more than a lower bound."""
    at = At(target=target, queue=record.name)
    facts: dict[str, Any] = {"queue": record.name}
    if isinstance(answer, TargetError):
        facts |= {"detail": detail_of(answer), "permission": str(answer.facts.get("permission", ""))}
        key = "cloudtasks_denied" if isinstance(answer, Forbidden) else "cloudtasks_unread"
        key = "cloudtasks_throttled" if isinstance(answer, Throttled) else key
        return [Gap(at, field, Texts(key, dict(facts))) for field in (*_COUNTED, "oldest_age_s")]
    if listing is None:
        return [Gap(at, field, Texts("cloudtasks_not_listed", dict(facts))) for field in (*_COUNTED, "oldest_age_s")]
    if not listing.exact:
        facts |= {"listed": listing.listed, "estimate": (record.details["stats"] or {}).get("tasks_count")}
        return [Gap(at, field, Texts("cloudtasks_partly", dict(facts))) for field in (*_COUNTED, "oldest_age_s")]
    gaps = []
    if record.oldest_age_s is None and listing.untimed:
        gaps.append(Gap(at, "oldest_age_s", Texts("cloudtasks_untimed", dict(facts))))
    return gaps


def general_gaps(target: str, beta: bool) -> list[Gap]:
    """What Cloud Tasks tells of no queue at all, once."""
    at = At(target=target)
    keys = {
        "dead": "cloudtasks_dead", "consumers": "cloudtasks_consumers", "memory": "cloudtasks_managed",
        "connections": "cloudtasks_managed", "version": "cloudtasks_managed",
    }  # fmt: skip
    if not beta:
        keys["in_flight"] = "cloudtasks_no_stats"
    return [Gap(at, field, Texts(key)) for field, key in keys.items()]


def add_evidence(session: TasksSession, reading: BrokerReading, book: EvidenceBook) -> None:
    """Counts of the largest queues, and how many queues there are."""
    target = session.target.name
    if reading.coverage.keys is not None:
        book.add(
            "broker.queues", target, reading.coverage.keys, "queues", "ListQueues", session.command("queues", "list")
        )
    largest = sorted(reading.queues, key=lambda r: (-(-1 if r.ready is None else r.ready), r.name))
    for record in largest[:MOST_EVIDENCE]:
        subject = f"{target}/{address(record)}"
        listed = record.details["tasks"]
        if listed:
            more = "" if listed["exact"] else ", of more"
            source = f"ListTasks {record.name}: {listed['listed']} tasks{more}"
            paste = session.command("list", f"--queue={record.name}", "--limit=1000")
            for field in _COUNTED:
                book.add(f"queue.{field}", subject, getattr(record, field), "tasks", source, paste)
            if record.oldest_age_s is not None:
                book.add("queue.oldest_age_s", subject, record.oldest_age_s, "s", source, paste)
        describe = session.command("queues", "describe", record.name)
        if record.in_flight is not None:
            book.add(
                "queue.in_flight", subject, record.in_flight, "tasks",
                f"v2beta3 ListQueues {record.name} stats.concurrent_dispatches_count", None,
            )  # fmt: skip
        book.add("queue.state", subject, record.details["state"], None, f"ListQueues {record.name} state", describe)
