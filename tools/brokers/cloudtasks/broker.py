"""Reads Cloud Tasks as a broker: queues with their state and limits, the beta API's statistics, and the list of tasks.

`ready` is due, `scheduled` waits for its first time, `retrying` was attempted and waits for its next time, as far as
tasks were listed: one page, at most 1,000 tasks a queue. Where `details.tasks.exact` is false the queue holds more,
and these numbers are the least there can be. `in_flight` is the service's own count.

`details` of a record: `resource`, `state`, `rate_limits` (`max_dispatches_per_second`, `max_burst_size`,
`max_concurrent_dispatches`), `retry` (`max_attempts`, `max_retry_duration_s`, `min_backoff_s`, `max_backoff_s`,
`max_doublings`), `purge_time`, `task_ttl_s`, `logging_ratio`, `stats` (None, or `tasks_count`, an estimate that
includes running and future tasks, `executed_last_minute_count`, `concurrent_dispatches_count`,
`effective_execution_rate`, `oldest_estimated_arrival_time`), `tasks` (None where they were not listed, or `listed`,
`exact`, `unanswered`, `most_dispatched`, `last_codes`).

`facts` of the reading: `stats` (by queue), `last_codes` (by queue: tasks by how their last attempt ended),
`unanswered` (by queue: dispatched without a response), `most_dispatched` (by queue), `oldest_created_s` (by queue:
age of the oldest task since it was created), `task_ttl_s` (after which the service deletes a task), `denied` (missing
permissions, sorted), `throttled` (`[{"call", "queue", "detail"}]`).

There are no counters: the API counts nothing but the executions of the last minute. Listing is limited to 600
requests a minute and project, so one reading lists at most 100 queues, those with the most tasks, and a sample five.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tools.asking import Throttled, detail_of
from tools.brokers.cloudtasks.errors import Gone
from tools.brokers.cloudtasks.looking import look
from tools.brokers.cloudtasks.queues import name_of, record_of, stats_of
from tools.brokers.cloudtasks.report import add_evidence, general_gaps, queue_gaps
from tools.brokers.cloudtasks.session import ASKING, Answer, TasksSession
from tools.brokers.cloudtasks.tasks import Listing, listing_of
from tools.contract import Coverage, MessageSummary, QueueRecord
from tools.errors import Forbidden, TargetError, Unsupported
from tools.reading import BrokerReading, Depths, EvidenceBook, Peek, Texts, address
from tools.targets import Target

PAGE = 1_000
MOST_QUEUES = 2_000
MOST_LISTED = 100
MOST_SAMPLED = 5
READ_SECONDS = 6.0
TASK_TTL_S = 31 * 86_400
# `stats` come only when they are named, and then every other field has to be named too.
READ_MASK = (
    "name", "state", "rate_limits", "retry_config", "purge_time", "task_ttl", "stackdriver_logging_config", "type",
    "stats",
)  # fmt: skip


class TasksBroker:
    """Google Cloud Tasks in one project and location: `cloudtasks://PROJECT/LOCATION`."""

    id = "cloudtasks"

    async def open(self, target: Target) -> TasksSession:
        """A session; nothing is sent yet.

        Raises:
            MissingExtra: Google's client is not installed.
            Unsupported: the URL names no project or location.
        """
        if target.scheme == "cloudtasks+stub":
            from tools.brokers.cloudtasks.stub import open_stub

            return open_stub(target)
        from tools.brokers.cloudtasks.client import GrpcTransport, assert_installed

        location = target.path.strip("/")
        if not target.host or not location or "/" in location:
            raise Unsupported("cloudtasks_url", target=target.name)
        assert_installed()
        return TasksSession(target, GrpcTransport(target), target.host, location)

    async def ping(self, session: TasksSession) -> None:
        """One queue of the list.

        Raises:
            TargetError: unreachable, time-out, no credentials, missing permission.
        """
        await session.call("v2.ListQueues", parent=session.parent, page_size=1)

    async def read(self, session: TasksSession, book: EvidenceBook) -> BrokerReading:
        """Queues, then the tasks of the largest; what takes too long is left out and said.

        Raises:
            TargetError: the list of queues could not be read.
        """
        deadline = time.monotonic() + READ_SECONDS
        reading = BrokerReading(target=session.target, system="cloudtasks")
        queues, complete, beta = await _queues(session)
        queues.sort(key=lambda q: -((stats_of(q) or {}).get("tasks_count") or 0))
        answers = await _list(session, [str(q.get("name")) for q in queues[:MOST_LISTED]], deadline)
        answers += [None] * (len(queues) - len(answers))
        now = time.time()
        listings = [_listing(answer, now) for answer in answers]
        reading.queues = [record_of(q, listing, now) for q, listing in zip(queues, listings, strict=True)]
        reading.facts |= {"denied": [], "throttled": [], "task_ttl_s": TASK_TTL_S}
        _facts(reading, listings, now)
        for record, answer, listing in zip(reading.queues, answers, listings, strict=True):
            reading.gaps += queue_gaps(session.target.name, record, answer, listing)
            if isinstance(answer, TargetError):
                _note(reading, answer, record.name)
        _coverage(reading, answers, complete)
        reading.gaps += general_gaps(session.target.name, beta)
        add_evidence(session, reading, book)
        return reading

    async def depths(self, session: TasksSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """Due tasks of the first five; None where a queue holds more than a page: that number would never change."""
        asked = records[:MOST_SAMPLED]
        answers = await _list(session, [str(r.details["resource"]) for r in asked], None)
        found: Depths = {address(record): None for record in records}
        for record, answer in zip(asked, answers, strict=True):
            listing = _listing(answer, time.time())
            if listing is not None and listing.exact:
                found[address(record)] = listing.ready
        return found

    async def peek(self, session: TasksSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Lists tasks with their bodies, which dispatches and changes nothing; see `looking`.

        Raises:
            Unsupported: tasks of that state are not kept.
            TargetError: the call failed.
        """
        return await look(session, request)


async def _queues(session: TasksSession) -> tuple[list[Answer], bool, bool]:
    """Queues, whether these are all, and whether the beta API gave them, with statistics."""
    try:
        return *(await _pages(session, "v2beta3.ListQueues", read_mask=list(READ_MASK))), True
    except Gone:
        # an emulator, or a proxy that knows only v2
        return *(await _pages(session, "v2.ListQueues")), False


async def _pages(session: TasksSession, call: str, **request: Any) -> tuple[list[Answer], bool]:
    found: list[Answer] = []
    token: dict[str, str] = {}
    while True:
        answer = await session.call(call, parent=session.parent, page_size=PAGE, **request, **token)
        # an emulator takes `europe-west1` for the beginning of `europe-west10`
        found += [q for q in answer["queues"] if str(q.get("name")).startswith(f"{session.parent}/queues/")]
        found = [q for q in found if name_of(q).startswith(session.target.prefix)]
        if not answer.get("next_page_token"):
            return found[:MOST_QUEUES], len(found) <= MOST_QUEUES
        if len(found) >= MOST_QUEUES:
            return found[:MOST_QUEUES], False
        token = {"page_token": answer["next_page_token"]}


async def _list(
    session: TasksSession, resources: list[str], deadline: float | None
) -> list[Answer | TargetError | None]:
    answers = await session.each("v2.ListTasks", [{"parent": r, "page_size": PAGE} for r in resources], deadline)
    ASKING.assert_some(answers)
    return answers


def _listing(answer: Answer | TargetError | None, now: float) -> Listing | None:
    if not isinstance(answer, dict):
        return None
    return listing_of(answer["tasks"], now, exact=not answer.get("next_page_token"))


def _facts(reading: BrokerReading, listings: Sequence[Listing | None], now: float) -> None:
    known = [(r.name, listing) for r, listing in zip(reading.queues, listings, strict=True) if listing is not None]
    reading.facts["stats"] = {r.name: r.details["stats"] for r in reading.queues if r.details["stats"]}
    reading.facts["last_codes"] = {name: dict(found.last_codes) for name, found in known if found.last_codes}
    reading.facts["unanswered"] = {name: found.unanswered for name, found in known}
    reading.facts["most_dispatched"] = {name: found.most_dispatched for name, found in known}
    reading.facts["oldest_created_s"] = {
        name: round(now - found.oldest_created, 3) for name, found in known if found.oldest_created is not None
    }


def _note(reading: BrokerReading, error: TargetError, queue: str) -> None:
    if isinstance(error, Throttled):
        call = str(error.facts.get("call", ""))
        reading.facts["throttled"].append({"call": call, "queue": queue, "detail": detail_of(error)})
    elif isinstance(error, Forbidden):
        permission = str(error.facts.get("permission", ""))
        reading.facts["denied"] = sorted({*reading.facts["denied"], permission})


def _coverage(reading: BrokerReading, answers: Sequence[Any], complete: bool) -> None:
    read = sum(1 for answer in answers if isinstance(answer, dict))
    reading.coverage = Coverage(
        keys=len(answers) if complete else None, scanned=read, complete=complete and read == len(answers)
    )
    if not complete:
        reading.notices.append(Texts("cloudtasks_capped", {"cap": MOST_QUEUES}))
    if unasked := sum(1 for answer in answers if answer is None):
        reading.notices.append(Texts("cloudtasks_unlisted", {"unlisted": unasked, "total": len(answers)}))
    if partly := sum(1 for r in reading.queues if r.details["tasks"] and not r.details["tasks"]["exact"]):
        reading.notices.append(Texts("cloudtasks_partly", {"count": partly, "page": PAGE}))
    if reading.facts["throttled"]:
        reading.health = "degraded"
        reading.notices.append(Texts("cloudtasks_throttled", {"count": len(reading.facts["throttled"])}))


BROKER = TasksBroker()
