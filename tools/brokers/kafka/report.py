"""A survey as a reading: evidence, what is unknown and why, notices, health, and facts for the rules.

`facts` of the reading:

- `cluster`: `{id, controller, brokers: [{id, host, port, rack}], internal_topics, version}`; in KRaft the controller
  that clients are told is any live broker
- `partitions`: by topic and number: `{start, end, leader, replicas, in_sync}`, offsets None where unknown
- `committed`: by group, topic and number: the committed offset; partitions without a commit are absent
- `groups`: by group: `{state, type, rebalancing, assignor, coordinator, members: [{id, client_id, host, instance_id,
  assigned: {topic: [number]}}]}`; `members` None where it could not be described
- `largest`: the largest group by topic
- `read_at`: Unix seconds of the reading

Two readings of the same `topic_id` compare by these: progress of a group in a partition, arrivals by partition, members
that come and go.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tools.brokers.kafka.records import TopicReading, rebalancing, state_of
from tools.brokers.kafka.survey import Survey
from tools.contract import At, Coverage, Evidence, Scalar
from tools.reading import BrokerReading, EvidenceBook, Gap, Texts
from tools.targets import Target

MOST_EVIDENCE = 200
# Of one kind of notice: topics or groups that are named.
MOST_NAMED = 3
SERVER = '--bootstrap-server "$BOOTSTRAP"'
# What was asked about all at once, and the field that is unknown without it.
_ASIDE = (
    ("groups", "groups"),
    ("offsets", "details.retained"),
    ("topics", "details.topic_id"),
    ("configs", "details.config"),
)
_ABSENT = ("in_flight", "scheduled", "retrying", "dead")


def report(target: Target, found: Survey, topics: Mapping[str, TopicReading], book: EvidenceBook) -> BrokerReading:
    """The reading."""
    reading = BrokerReading(target=target, system="kafka", version=found.version)
    reading.health = _health(found, topics)
    reading.queues = [one.record for one in topics.values()]
    reading.consumers = {name: one.consumers for name, one in topics.items()}
    reading.counters = {name: one.counters for name, one in topics.items()}
    reading.coverage = _coverage(found)
    reading.facts = _facts(found, topics)
    reading.gaps = _gaps(target.name, found, topics)
    reading.notices = _notices(found, topics)
    _broker_evidence(target.name, found, topics, book)
    largest = sorted(topics.values(), key=lambda t: (-(t.record.ready or 0), t.record.name))[:MOST_EVIDENCE]
    for one in largest:
        _topic_evidence(target.name, one, book)
    return reading


def _health(found: Survey, topics: Mapping[str, TopicReading]) -> Literal["ok", "degraded", "down"]:
    details = [one.record.details for one in topics.values()]
    partitions, offline = sum(d["partitions"] for d in details), sum(d["offline"] for d in details)
    if not found.cluster.nodes or (partitions and offline == partitions):
        return "down"
    ailing = any(d["offline"] or d["under_replicated"] or d["under_min_isr"] for d in details)
    return "degraded" if ailing or found.cluster.controller is None else "ok"


def _coverage(found: Survey) -> Coverage:
    unread = any(found.unread.get(key) for key in ("groups", "committed", "described", "offsets"))
    capped = found.topics_total > len(found.partitions) or found.groups_total > len(found.listings)
    return Coverage(
        keys=found.topics_total, scanned=len(found.partitions), complete=not (unread or capped or found.hidden)
    )


def _facts(found: Survey, topics: Mapping[str, TopicReading]) -> dict[str, Any]:
    nodes = [{"id": n.id, "host": n.host, "port": n.port, "rack": n.rack} for n in found.cluster.nodes]
    return {
        "cluster": {
            "id": found.cluster.id,
            "controller": found.cluster.controller,
            "brokers": nodes,
            "internal_topics": found.internal_topics,
            "version": found.version,
        },
        "partitions": {
            name: {
                number: {
                    "start": found.starts.get((name, number)),
                    "end": found.ends.get((name, number)),
                    "leader": one.leader,
                    "replicas": one.replicas,
                    "in_sync": one.in_sync,
                }
                for number, one in numbers.items()
            }
            for name, numbers in found.partitions.items()
        },
        "committed": found.committed,
        "groups": {name: _group_facts(found, name) for name in found.listings},
        "largest": {name: one.largest for name, one in topics.items()},
        "read_at": time.time(),
    }


def _group_facts(found: Survey, name: str) -> dict[str, Any]:
    group, listing = found.groups.get(name), found.listings[name]
    if group is None:
        unknown = {"rebalancing": None, "assignor": None, "coordinator": None, "members": None}
        return {"state": listing.state, "type": listing.type, **unknown}
    members = [
        {"id": m.id, "client_id": m.client_id, "host": m.host, "instance_id": m.instance_id,
         "assigned": {topic: list(numbers) for topic, numbers in m.assigned.items()}}
        for m in group.members
    ]  # fmt: skip
    return {
        "state": state_of(found, name),
        "type": group.type,
        "rebalancing": rebalancing(group),
        "assignor": group.assignor,
        "coordinator": group.coordinator,
        "members": members,
    }


def _gaps(target: str, found: Survey, topics: Mapping[str, TopicReading]) -> list[Gap]:
    at = At(target=target)
    gaps = [Gap(at, name, Texts("kafka_absent")) for name in _ABSENT]
    gaps += [Gap(at, "oldest_age_s", Texts("kafka_oldest_age_s"))]
    gaps += [Gap(at, name, Texts(f"kafka_{name}")) for name in ("memory", "connections")]
    if found.version is None:
        gaps.append(Gap(at, "version", Texts("kafka_version")))
    if found.hidden:
        gaps.append(Gap(at, "groups", Texts("kafka_groups_hidden", {"detail": found.hidden})))
    gaps += _refused(at, found)
    for name, one in topics.items():
        gaps += _topic_gaps(target, name, one, found)
    return gaps


def _refused(at: At, found: Survey) -> list[Gap]:
    """One for each question that was refused, however many things it was about, but one for each group."""
    gaps = []
    for question, field in _ASIDE:
        if refused := found.unread.get(question):
            name, first = next(iter(refused.items()))
            facts: dict[str, Scalar] = {"count": len(refused), "first": name or "-", "detail": first.detail}
            gaps.append(Gap(at, field, Texts(f"kafka_{question}_unread", facts)))
    for question, field in (("committed", "groups.lag"), ("described", "groups.members")):
        for name, failure in list(found.unread.get(question, {}).items())[:MOST_NAMED]:
            where = at.model_copy(update={"group": name})
            facts = {"group": name, "detail": failure.detail, "count": len(found.unread[question])}
            gaps.append(Gap(where, field, Texts(f"kafka_{question}_unread", facts)))
    return gaps


def _topic_gaps(target: str, name: str, one: TopicReading, found: Survey) -> list[Gap]:
    at = At(target=target, queue=name)
    gaps = []
    if one.record.ready is None:
        if one.lags:
            failed = found.unread.get("offsets", {}).get(name)
            detail = failed.detail if failed else f"{one.record.details['offline']} offline"
            gaps.append(Gap(at, "ready", Texts("kafka_lag_partial", {"detail": detail})))
        else:
            unread = found.hidden or found.unread.get("groups") or found.unread.get("committed")
            gaps.append(Gap(at, "ready", Texts("kafka_groups_unknown" if unread else "kafka_no_group")))
    if one.consumers.count is None:
        gaps.append(Gap(at, "consumers", Texts("kafka_consumers")))
    return gaps


def _notices(found: Survey, topics: Mapping[str, TopicReading]) -> list[Texts]:
    notices = []
    if found.topics_total > len(found.partitions):
        facts: dict[str, Scalar] = {"read": len(found.partitions), "total": found.topics_total}
        notices.append(Texts("kafka_topics_capped", facts))
    if found.groups_total > len(found.listings):
        facts = {"read": len(found.listings), "total": found.groups_total}
        notices.append(Texts("kafka_groups_capped", facts))
    limits = found.cluster.operations
    if limits is not None and not found.hidden and not limits & {"ALTER", "ALL"}:
        notices.append(Texts("kafka_limited_user"))
    for key, field in (("kafka_offline", "offline"), ("kafka_under_replicated", "under_replicated")):
        notices += _about(key, topics, lambda one, field=field: one.record.details[field])  # type: ignore[misc]
    notices += _about("kafka_lost", topics, lambda one: max((lag.lost for lag in one.lags.values()), default=0))
    notices += _about("kafka_ahead", topics, lambda one: max((lag.ahead for lag in one.lags.values()), default=0))
    return notices


def _about(key: str, topics: Mapping[str, TopicReading], count: Callable[[TopicReading], int]) -> list[Texts]:
    """One notice for all topics that it concerns, the worst of them named."""
    counts = {name: n for name, one in topics.items() if (n := count(one))}
    if not counts:
        return []
    worst = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_NAMED]
    facts: dict[str, Scalar] = {"count": sum(counts.values()), "topics": len(counts), "names": ", ".join(worst)}
    return [Texts(key, facts)]


def _broker_evidence(target: str, found: Survey, topics: Mapping[str, TopicReading], book: EvidenceBook) -> None:
    details = [one.record.details for one in topics.values()]
    cluster = found.cluster
    quorum, listed = f"kafka-metadata-quorum.sh {SERVER} describe --status", f"kafka-topics.sh {SERVER} --list"
    describe = f"kafka-topics.sh {SERVER} --describe"
    rows: tuple[tuple[str, Scalar, str | None, str, str], ...] = (
        ("broker.nodes", len(cluster.nodes), "brokers", "DescribeCluster", f"kafka-broker-api-versions.sh {SERVER}"),
        ("broker.controller", cluster.controller, None, "DescribeCluster", quorum),
        ("broker.cluster_id", cluster.id, None, "DescribeCluster", f"kafka-cluster.sh cluster-id {SERVER}"),
        ("broker.version", found.version, None, "ApiVersions", f"kafka-features.sh {SERVER} describe"),
        ("broker.topics", found.topics_total, "topics", "Metadata", listed),
        ("broker.partitions", sum(d["partitions"] for d in details), "partitions", "Metadata", describe),
        ("broker.partitions_offline", sum(d["offline"] for d in details), "partitions", "Metadata",
         f"{describe} --unavailable-partitions"),
        ("broker.partitions_under_replicated", sum(d["under_replicated"] for d in details), "partitions", "Metadata",
         f"{describe} --under-replicated-partitions"),
        ("broker.groups", None if found.hidden else found.groups_total, "groups", "ListGroups",
         f"kafka-consumer-groups.sh {SERVER} --list"),
    )  # fmt: skip
    for metric, value, unit, source, paste in rows:
        if value is not None:
            book.add(metric, target, value, unit, source, paste)


def _topic_evidence(target: str, one: TopicReading, book: EvidenceBook) -> None:
    subject, name, details = f"{target}/{one.record.name}", shlex.quote(one.record.name), one.record.details
    described = f"kafka-topics.sh {SERVER} --describe --topic {name}"
    offsets = f"kafka-get-offsets.sh {SERVER} --topic {name}"
    group = one.largest or ""
    state = f"kafka-consumer-groups.sh {SERVER} --describe --group {shlex.quote(group)}"
    lag = one.lags.get(group)
    compared = f"ListOffsets less OffsetFetch of group {group} over {details['partitions']} partitions"
    rows: tuple[tuple[str, Scalar, str, str, str], ...] = (
        ("queue.ready", one.record.ready, "messages", compared, state),
        ("queue.retained", details["retained"], "messages", "ListOffsets", offsets),
        ("queue.lost", (lag.lost or None) if lag else None, "messages", compared, state),
        ("queue.partitions_offline", details["offline"] or None, "partitions", "Metadata", described),
        ("queue.partitions_under_replicated", details["under_replicated"] or None, "partitions", "Metadata", described),
    )
    for metric, value, unit, source, paste in rows:
        if value is not None:
            book.add(metric, subject, value, unit, source, paste)
    if one.consumers.count is not None:
        paste = (
            f"{state} --members" if group else f"kafka-consumer-groups.sh {SERVER} --describe --all-groups --members"
        )
        seen: Evidence = book.add("queue.consumers", subject, one.consumers.count, "consumers", "DescribeGroups", paste)
        one.consumers.evidence.append(seen)
