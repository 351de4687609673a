"""What was read of queues as evidence, and CloudWatch's part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.asking import detail_of
from tools.brokers.sqs.errors import permission_of
from tools.brokers.sqs.metrics import AGE, FLOW, Metrics, paste_of, read_metrics
from tools.brokers.sqs.queues import COUNTS
from tools.brokers.sqs.session import SqsSession
from tools.contract import At, Evidence, QueueRecord
from tools.errors import Forbidden
from tools.reading import BrokerReading, ConsumerView, EvidenceBook, Gap, Texts, address

# Beyond these, evidence would be all that an answer has room for.
MOST_EVIDENCE = 200


async def add_metrics(session: SqsSession, reading: BrokerReading, book: EvidenceBook) -> None:
    """Ages, flows and what they say of consumers."""
    metrics = await read_metrics(session, reading.queues)
    reading.facts["flow"] = metrics.flows
    reading.gaps += _age_gaps(reading, metrics)
    if isinstance(metrics.error, Forbidden):
        action = permission_of("cloudwatch", "GetMetricData")
        reading.facts["denied"] = sorted({*reading.facts["denied"], action})
    for record in reading.queues:
        if record.name in metrics.ages:
            at, age = metrics.ages[record.name]
            record.oldest_age_s = age
            record.details["oldest_age_at"] = at.isoformat(timespec="seconds")
            book.add(
                "queue.oldest_age_s", f"{session.target.name}/{address(record)}", age, "s",
                f"GetMetricData {AGE} {record.name}", paste_of(session, record.name, AGE, "Maximum"),
            )  # fmt: skip
        flow = metrics.flows.get(record.name)
        if flow:
            record.details["flow"] = flow
        reading.consumers[address(record)] = _consumers(session, book, record, flow)


def _age_gaps(reading: BrokerReading, metrics: Metrics) -> list[Gap]:
    target = reading.target.name
    if metrics.error is not None:
        facts: dict[str, Any] = {
            "detail": detail_of(metrics.error), "permission": permission_of("cloudwatch", "GetMetricData"),
        }  # fmt: skip
        key = "sqs_age_denied" if isinstance(metrics.error, Forbidden) else "sqs_age_failed"
        return [Gap(At(target=target), "oldest_age_s", Texts(key, facts))]
    return [
        Gap(
            At(target=target, queue=record.name),
            "oldest_age_s",
            Texts("sqs_age_empty" if record.name in metrics.asked else "sqs_age_not_asked", {"queue": record.name}),
        )
        for record in reading.queues
        if (record.ready or 0) + (record.in_flight or 0) > 0 and record.name not in metrics.ages
    ]


def _consumers(
    session: SqsSession, book: EvidenceBook, record: QueueRecord, flow: Mapping[str, Any] | None
) -> ConsumerView:
    """SQS keeps no list of consumers; that nobody received, not even nothing, is a sign, minutes old.

    Basis: `no_receives` (CloudWatch saw not one receive), `receives` (somebody polls), `unseen`.
    """
    received, empty = (flow.get(key) if flow else None for key in ("received_per_s", "empty_receives_per_s"))
    if received is None or empty is None:
        return ConsumerView(None, "hypothesis", "unseen")
    evidence = [
        _flow_evidence(session, book, record, key, flow or {}) for key in ("received_per_s", "empty_receives_per_s")
    ]
    if received + empty > 0:
        return ConsumerView(None, "fact", "receives", evidence)
    return ConsumerView(0, "hypothesis", "no_receives", evidence)


def _flow_evidence(
    session: SqsSession, book: EvidenceBook, record: QueueRecord, key: str, flow: Mapping[str, Any]
) -> Evidence:
    source = f"GetMetricData {FLOW[key]} {record.name}: {flow['window_s']} s until {flow['as_of']}"
    subject = f"{session.target.name}/{address(record)}"
    paste = paste_of(session, record.name, FLOW[key], "Sum")
    return book.add(f"queue.{key.removesuffix('_per_s')}_rate", subject, flow[key], "messages/s", source, paste)


def add_evidence(session: SqsSession, reading: BrokerReading, book: EvidenceBook) -> None:
    """Counts of the largest queues, and how many queues there are."""
    target = session.target.name
    if reading.coverage.keys is not None:
        command = session.command("sqs", "list-queues")
        book.add("broker.queues", target, reading.coverage.keys, "queues", "ListQueues", command)
    largest = sorted(reading.queues, key=lambda r: (-(-1 if r.ready is None else r.ready), r.name))
    for record in largest[:MOST_EVIDENCE]:
        subject, url = f"{target}/{address(record)}", record.details["url"]
        for field, attribute in COUNTS.items():
            value = getattr(record, field)
            if value is not None:
                paste = session.command(
                    "sqs", "get-queue-attributes", "--queue-url", url, "--attribute-names", attribute
                )
                book.add(
                    f"queue.{field}", subject, value, "messages", f"GetQueueAttributes {record.name} {attribute}", paste
                )
        if record.dead is not None:
            name = record.details["redrive"]["queue"]
            source = f"GetQueueAttributes {name} {COUNTS['ready']}"
            dead_url = _url_of(reading, record)
            paste = session.command(
                "sqs", "get-queue-attributes", "--queue-url", dead_url, "--attribute-names", COUNTS["ready"]
            )
            book.add("queue.dead", subject, record.dead, "messages", source, paste)


def _url_of(reading: BrokerReading, record: QueueRecord) -> str:
    arn = record.details["redrive"]["target_arn"]
    return next(str(r.details["url"]) for r in reading.queues if r.details.get("arn") == arn)
