"""Reads SQS as a broker: every queue of a region, its attributes, its dead-letter queue, and CloudWatch where allowed.

`details` of a record: `url`, `arn`, `created_at`, `modified_at`, `visibility_timeout_s`, `retention_s`,
`max_message_bytes`, `delay_s`, `receive_wait_s`, `encryption` (`sse_sqs`, `kms_key`, `kms_reuse_s`), `fifo` (on FIFO
queues: `content_based_deduplication`, `deduplication_scope`, `throughput_limit`), `redrive` (None, or `target_arn`,
`queue`, `max_receive_count`, `sources_of_target`), `redrive_allow` (None, or `permission`, `source_arns`),
`dead_letter_sources` (names; only on redrive targets), `oldest_age_at`, `flow` (see `metrics`). A setting that was
not in the answer is None.

`facts` of the reading: `throttled` (`[{"call", "queue", "detail"}]`: calls that AWS asked to slow down), `denied` (IAM
actions that are missing, sorted), `flow` (by queue name: `sent_per_s`, `received_per_s`, `deleted_per_s`,
`empty_receives_per_s`, each a number or None, with `window_s` and `as_of`), `dead_letter_targets` (names of the source
queues by name of their dead-letter queue), `in_flight_limit` (messages of one queue, standard and FIFO).

There are no counters: CloudWatch counts by the minute and late, so two of its sums some seconds apart give no rate.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from tools.asking import Throttled
from tools.brokers.sqs.errors import permission_of
from tools.brokers.sqs.looking import look
from tools.brokers.sqs.queues import COUNTS, Seen, attributes_of, gaps_of, link_dead_letters, number, record_of
from tools.brokers.sqs.report import add_evidence, add_metrics
from tools.brokers.sqs.session import ASKING, SqsSession
from tools.contract import At, Coverage, MessageSummary, QueueRecord
from tools.errors import Forbidden, TargetError
from tools.reading import BrokerReading, Depths, EvidenceBook, Gap, Peek, Texts, address
from tools.targets import Target

PAGE = 1_000
# ListQueues gives 1,000 a page; one GetQueueAttributes each, 8 at a time, is what fits into a reading.
MOST_QUEUES = 2_000
READ_SECONDS = 6.0
MOST_TARGETS = 100
IN_FLIGHT_LIMIT = 120_000
Pairs = list[tuple[Seen, QueueRecord]]


class SqsBroker:
    """Amazon SQS in one region. The option `prefix` reads only queues whose names begin so."""

    id = "sqs"

    async def open(self, target: Target) -> SqsSession:
        """A session; nothing is sent yet.

        Raises:
            MissingExtra: boto3 is not installed.
        """
        if target.scheme == "sqs+stub":
            from tools.brokers.sqs.stub import open_stub

            return open_stub(target)
        from tools.brokers.sqs.client import BotoTransport, assert_installed

        assert_installed()
        return SqsSession(target, BotoTransport(target))

    async def ping(self, session: SqsSession) -> None:
        """One queue of the list.

        Raises:
            TargetError: unreachable, time-out, wrong credentials, missing permission.
        """
        await session.call("ListQueues", MaxResults=1)

    async def read(self, session: SqsSession, book: EvidenceBook) -> BrokerReading:
        """Queues, attributes, dead letters, CloudWatch; what takes too long is left out and said.

        Raises:
            TargetError: the list of queues could not be read, or no queue's attributes for want of a connection.
        """
        deadline = time.monotonic() + READ_SECONDS
        reading = BrokerReading(target=session.target, system="sqs")
        urls, complete = await _urls(session)
        pairs = await _read_queues(session, urls, deadline)
        reading.queues = [record for _, record in pairs]
        reading.facts |= {"throttled": [], "denied": [], "in_flight_limit": IN_FLIGHT_LIMIT}
        _coverage(reading, pairs, complete)
        for seen, record in pairs:
            reading.gaps += gaps_of(seen, record, session.target.name)
        reading.gaps += link_dead_letters(pairs, session.target.name)
        await _sources(session, reading, pairs, deadline)
        await add_metrics(session, reading, book)
        add_evidence(session, reading, book)
        _general(reading)
        return reading

    async def depths(self, session: SqsSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """One GetQueueAttributes of a single attribute each."""
        asked = [{"QueueUrl": r.details["url"], "AttributeNames": [COUNTS["ready"]]} for r in records]
        answers = await session.each("GetQueueAttributes", asked)
        ASKING.assert_some(answers)
        found: Depths = {}
        for record, answer in zip(records, answers, strict=True):
            attributes = attributes_of(answer)
            found[address(record)] = number(attributes.get(COUNTS["ready"])) if isinstance(attributes, dict) else None
        return found

    async def peek(self, session: SqsSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Receives messages with a visibility timeout of 0, only where the target says `peek = true`; see `looking`.

        Raises:
            Unsupported: the target does not allow it, or SQS has no way to see messages of that state.
            TargetError: the call failed.
        """
        return await look(session, reading, request)


async def _urls(session: SqsSession) -> tuple[list[str], bool]:
    """Queue URLs in the order of the service, and whether these are all."""
    found: list[str] = []
    token: dict[str, str] = {}
    prefix = {"QueueNamePrefix": session.target.prefix} if session.target.prefix else {}
    while True:
        answer = await session.call("ListQueues", MaxResults=PAGE, **prefix, **token)
        found += [str(url) for url in answer.get("QueueUrls") or []]
        if not answer.get("NextToken"):
            return found[:MOST_QUEUES], len(found) <= MOST_QUEUES
        if len(found) >= MOST_QUEUES:
            return found[:MOST_QUEUES], False
        token = {"NextToken": answer["NextToken"]}


async def _read_queues(session: SqsSession, urls: list[str], deadline: float) -> Pairs:
    asked = [{"QueueUrl": url, "AttributeNames": ["All"]} for url in urls]
    answers = await session.each("GetQueueAttributes", asked, deadline)
    ASKING.assert_some(answers)
    seen = [Seen(url, attributes_of(answer)) for url, answer in zip(urls, answers, strict=True)]
    return [(one, record_of(one)) for one in seen]


def _coverage(reading: BrokerReading, pairs: Pairs, complete: bool) -> None:
    at = At(target=reading.target.name)
    unasked = sum(1 for seen, _ in pairs if seen.answer is None)
    failed = [(s, s.answer) for s, _ in pairs if isinstance(s.answer, TargetError)]
    reading.coverage = Coverage(
        keys=len(pairs) if complete else None,
        scanned=len(pairs) - unasked - len(failed),
        complete=complete and not unasked and not failed,
    )
    if not complete:
        reading.notices.append(Texts("sqs_capped", {"cap": MOST_QUEUES}))
    if unasked:
        facts = {"read": len(pairs) - unasked, "total": len(pairs)}
        reading.notices.append(Texts("sqs_slow", dict(facts)))
        reading.gaps.append(Gap(at, "queues", Texts("sqs_not_reached", dict(facts))))
    for seen, error in failed:
        note_refusal(reading, error, seen.name)
    if reading.facts["throttled"]:
        reading.health = "degraded"
        reading.notices.append(Texts("sqs_throttled", {"count": len(reading.facts["throttled"])}))


def note_refusal(reading: BrokerReading, error: TargetError, queue: str | None) -> None:
    """Keeps what rules need of a call that AWS refused."""
    call = str(error.facts.get("call", ""))
    if isinstance(error, Throttled):
        reading.facts["throttled"].append({"call": call, "queue": queue, "detail": str(error.facts.get("detail", ""))})
    elif isinstance(error, Forbidden):
        action = str(error.facts.get("permission", call))
        reading.facts["denied"] = sorted({*reading.facts["denied"], action})


async def _sources(session: SqsSession, reading: BrokerReading, pairs: Pairs, deadline: float) -> None:
    """`dead_letter_sources` of the largest redrive targets: by the policies that were read, then by SQS itself."""
    by_arn = {seen.arn: record for seen, record in pairs if seen.arn}
    found: dict[str, set[str]] = {}
    for _, record in pairs:
        redrive = record.details.get("redrive")
        if redrive and redrive["target_arn"] in by_arn:
            found.setdefault(redrive["target_arn"], set()).add(record.name)
    targets = sorted((by_arn[arn] for arn in found), key=lambda r: -(r.ready or 0))
    asked = [{"QueueUrl": r.details["url"], "MaxResults": PAGE} for r in targets[:MOST_TARGETS]]
    answers = await session.each("ListDeadLetterSourceQueues", asked, deadline)
    for record, answer in zip(targets, answers, strict=False):
        if isinstance(answer, dict):
            names = [str(url).rstrip("/").rpartition("/")[2] for url in answer.get("queueUrls") or []]
            found[record.details["arn"]] |= set(names)
        elif isinstance(answer, Forbidden):
            note_refusal(reading, answer, record.name)
            at = At(target=reading.target.name, queue=record.name)
            permission = permission_of("sqs", "ListDeadLetterSourceQueues")
            reading.gaps.append(
                Gap(at, "details.dead_letter_sources", Texts("sqs_sources_denied", {"permission": permission}))
            )
    for record in targets:
        record.details["dead_letter_sources"] = sorted(found[record.details["arn"]])
    reading.facts["dead_letter_targets"] = {r.name: r.details["dead_letter_sources"] for r in targets}


def _general(reading: BrokerReading) -> None:
    """What SQS tells of no queue at all, once."""
    at = At(target=reading.target.name)
    for field, key in (
        ("consumers", "sqs_consumers"), ("retrying", "sqs_retrying"), ("paused", "sqs_paused"),
        ("memory", "sqs_managed"), ("connections", "sqs_managed"), ("version", "sqs_managed"),
    ):  # fmt: skip
        reading.gaps.append(Gap(at, field, Texts(key)))
    if any(r.ready is not None for r in reading.queues):
        reading.notices.append(Texts("sqs_approximate"))


BROKER = SqsBroker()
