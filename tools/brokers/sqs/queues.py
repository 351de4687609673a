"""From queue attributes to queue records, and from redrive policies to dead-letter topology.

Attribute names and units: SQS API reference, GetQueueAttributes (times in seconds, sizes in bytes, all values strings).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tools.asking import Throttled, detail_of
from tools.brokers.sqs.errors import Gone
from tools.contract import At, QueueRecord
from tools.errors import Forbidden, TargetError
from tools.reading import Gap, Texts

COUNTS = {
    "ready": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
    "scheduled": "ApproximateNumberOfMessagesDelayed",
}
_SETTINGS = {
    "visibility_timeout_s": "VisibilityTimeout",
    "retention_s": "MessageRetentionPeriod",
    "max_message_bytes": "MaximumMessageSize",
    "delay_s": "DelaySeconds",
    "receive_wait_s": "ReceiveMessageWaitTimeSeconds",
}


@dataclass
class Seen:
    """One queue of the list. `answer` is its attributes, the error of the call, or None where there was no time."""

    url: str
    answer: Mapping[str, str] | TargetError | None

    @property
    def name(self) -> str:
        """The last part of the URL."""
        return self.url.rstrip("/").rpartition("/")[2]

    @property
    def attributes(self) -> Mapping[str, str]:
        """Empty where they could not be read."""
        return self.answer if isinstance(self.answer, Mapping) else {}

    @property
    def arn(self) -> str | None:
        """The queue's ARN."""
        return self.attributes.get("QueueArn")


def attributes_of(answer: Mapping[str, Any] | TargetError | None) -> Mapping[str, str] | TargetError | None:
    """The attributes of one GetQueueAttributes answer."""
    if not isinstance(answer, Mapping):
        return answer
    found = answer.get("Attributes")
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, Mapping) else {}


def record_of(seen: Seen) -> QueueRecord:
    """A record without `dead`, which takes the other queues."""
    attributes = seen.attributes
    fifo = attributes.get("FifoQueue") == "true" or seen.name.endswith(".fifo")
    details: dict[str, Any] = {"url": seen.url}
    if attributes:
        details |= _details(attributes, fifo)
    return QueueRecord(
        name=seen.name,
        framework=None,
        kind="fifo" if fifo else "standard",
        **{field: number(attributes.get(name)) for field, name in COUNTS.items()},
        details=details,
    )


def number(value: object) -> int | None:
    """A count or a setting; None for what is no whole number of zero or more."""
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def _details(attributes: Mapping[str, str], fifo: bool) -> dict[str, Any]:
    found: dict[str, Any] = {key: number(attributes.get(name)) for key, name in _SETTINGS.items()}
    found["arn"] = attributes.get("QueueArn")
    found["created_at"] = _moment(attributes.get("CreatedTimestamp"))
    found["modified_at"] = _moment(attributes.get("LastModifiedTimestamp"))
    found["encryption"] = {
        "sse_sqs": _flag(attributes.get("SqsManagedSseEnabled")),
        "kms_key": attributes.get("KmsMasterKeyId") or None,
        "kms_reuse_s": number(attributes.get("KmsDataKeyReusePeriodSeconds")),
    }
    if fifo:
        found["fifo"] = {
            "content_based_deduplication": _flag(attributes.get("ContentBasedDeduplication")),
            "deduplication_scope": attributes.get("DeduplicationScope"),
            "throughput_limit": attributes.get("FifoThroughputLimit"),
        }
    found["redrive"] = _redrive(attributes.get("RedrivePolicy"))
    found["redrive_allow"] = _redrive_allow(attributes.get("RedriveAllowPolicy"))
    return found


def _redrive(policy: str | None) -> dict[str, Any] | None:
    """Where messages go after how many receives; None without a policy. The count comes as a string or a number."""
    parsed = _object(policy)
    arn = parsed.get("deadLetterTargetArn")
    if not isinstance(arn, str):
        return None
    return {
        "target_arn": arn,
        "queue": arn.rpartition(":")[2],
        "max_receive_count": number(str(parsed.get("maxReceiveCount"))),
    }


def _redrive_allow(policy: str | None) -> dict[str, Any] | None:
    parsed = _object(policy)
    if not parsed:
        return None
    sources = parsed.get("sourceQueueArns")
    return {
        "permission": parsed.get("redrivePermission"),
        "source_arns": [str(s) for s in sources] if isinstance(sources, list) else [],
    }


def link_dead_letters(pairs: list[tuple[Seen, QueueRecord]], target: str) -> list[Gap]:
    """Fills `dead` from the ready count of each queue's redrive target; says where it stays unknown."""
    by_arn = {seen.arn: record for seen, record in pairs if seen.arn}
    uses = Counter(r.details["redrive"]["target_arn"] for _, r in pairs if r.details.get("redrive"))
    gaps = []
    for seen, record in pairs:
        if not seen.attributes:
            continue  # its own gap says why nothing is known
        at = At(target=target, queue=record.name)
        redrive = record.details["redrive"]
        if redrive is None:
            key = "sqs_dead_letter_itself" if seen.arn in uses else "sqs_no_dead_letter"
            gaps.append(Gap(at, "dead", Texts(key, {"queue": record.name})))
            continue
        redrive["sources_of_target"] = uses[redrive["target_arn"]]
        found = by_arn.get(redrive["target_arn"])
        record.dead = found.ready if found else None
        if record.dead is None:
            key = "sqs_dead_elsewhere" if found is None else "sqs_dead_unread"
            gaps.append(Gap(at, "dead", Texts(key, {"queue": record.name, "arn": redrive["target_arn"]})))
    return gaps


def gaps_of(seen: Seen, record: QueueRecord, target: str) -> list[Gap]:
    """Why the counts of one queue are unknown; empty when all are known."""
    at = At(target=target, queue=record.name)
    facts: dict[str, Any] = {"queue": record.name}
    if isinstance(seen.answer, TargetError):
        facts |= {"detail": detail_of(seen.answer), "permission": str(seen.answer.facts.get("permission", ""))}
        return [Gap(at, field, Texts(_reason(seen.answer), dict(facts))) for field in COUNTS]
    if seen.answer is None:
        return []  # one gap of the whole target says it
    return [
        Gap(at, field, Texts("sqs_absent", facts | {"attribute": name}))
        for field, name in COUNTS.items()
        if getattr(record, field) is None
    ]


def _reason(error: TargetError) -> str:
    if isinstance(error, Forbidden):
        return "sqs_denied"
    if isinstance(error, Throttled):
        return "sqs_throttled"
    return "sqs_gone" if isinstance(error, Gone) else "sqs_unread"


def _object(text: str | None) -> dict[str, Any]:
    try:
        parsed = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _flag(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get(value or "")


def _moment(value: str | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC."""
    try:
        return datetime.fromtimestamp(float(value or ""), UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
