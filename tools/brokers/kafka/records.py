"""From the answers to records: one for each topic, with its groups, and who consumes it.

`details` of a record (JSON; numbers are messages, None is unknown):

- `topic_id`; `replication_factor` (the largest); numbers of partitions: `partitions` (all), `under_replicated`,
  `under_min_isr`, `offline`
- `retained`: offsets between start and end of all logs
- `config`: settings in force by Kafka's names (`retention.ms`, `retention.bytes`, `cleanup.policy`,
  `max.message.bytes`, `min.insync.replicas` …) as numbers where they are numbers; None when they could not be read
- `largest_group`: the group whose lag is `ready`
- `groups`: at most 20, most lag first; `groups_total` counts all. Each: `group`, `state`, `type`, `rebalancing`,
  `members` (of the group, whatever they read), `assigned` (members with a partition of this topic),
  `unassigned_partitions` (without such a member, None when unknown), `lag` (None with `lag_known` where partitions are
  unknown), `lost` (removed by retention before the group read them), `ahead` (commits beyond the end),
  `uncommitted_partitions`; and of the three with most lag `worst`: `{partition, committed, end, lag, client}`, 20 of
  the first and 3 of each other
- `skew`: `{partition, share}` of `retained` and, as `lag_partition` and `lag_share`, of the largest group's lag
- `dead_letter_hint`: `{topic, retained}` of a topic that by its name takes what failed here; a name proves nothing
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.brokers.kafka.lag import GroupLag, Log, PartitionLag, arrived, lag_of, logs_of, retained, worst_of
from tools.brokers.kafka.session import Group, Partition
from tools.brokers.kafka.survey import Survey
from tools.contract import QueueRecord
from tools.reading import ConsumerView, Counters

MOST_GROUPS_SHOWN = 20
# Partitions with most lag that are shown of the group with most lag, and of the two behind it.
WORST = (20, 3, 3)
REBALANCING = {"PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling"}
_SUFFIXES = (".DLQ", "-dlq", ".dlq", "_dlq", ".DLT", ".dlt", "-dlt", "_dlt", "-DLQ", "-DLT")


@dataclass
class TopicReading:
    """One topic, with what the record does not carry."""

    record: QueueRecord
    consumers: ConsumerView
    counters: Counters
    lags: dict[str, GroupLag] = field(default_factory=dict)
    largest: str | None = None


@dataclass
class _Shared:
    """What is worked out once for all topics. `heads`: of each group, the part of its row that no topic changes."""

    heads: Mapping[str, Mapping[str, Any]]
    commits: Mapping[str, Mapping[str, Mapping[int, int]]]
    assigned: Mapping[str, Mapping[str, Mapping[int, str]]]
    members: Mapping[str, Mapping[str, int]]


def topics_of(found: Survey) -> dict[str, TopicReading]:
    """Every topic by name."""
    heads = {name: _head(found, name) for name in found.listings}
    shared = _Shared(heads, _by_topic(found), *_assignments(found.groups))
    readings = {name: _topic(found, name, numbers, shared) for name, numbers in found.partitions.items()}
    for name, reading in readings.items():
        if hint := next((name + s for s in _SUFFIXES if name + s in readings), None):
            held = readings[hint].record.details["retained"]
            reading.record.details["dead_letter_hint"] = {"topic": hint, "retained": held}
    return readings


def rebalancing(group: Group | None) -> bool | None:
    """Whether partitions are being handed out; None when the group could not be described.

    The client library has no name for two states of groups of type `consumer`: then a member that does not have what it
    is to get tells.
    """
    if group is None:
        return None
    moving = any(m.wanted is not None and dict(m.wanted) != dict(m.assigned) for m in group.members)
    return group.state in REBALANCING or moving


def state_of(found: Survey, name: str) -> str:
    """In Kafka's words, from the description where there is one."""
    group = found.groups.get(name)
    state = group.state if group else found.listings[name].state
    return "Reconciling" if state == "Unknown" and rebalancing(group) else state


def _by_topic(found: Survey) -> dict[str, dict[str, Mapping[int, int]]]:
    """Commits by topic and group."""
    by_topic: dict[str, dict[str, Mapping[int, int]]] = defaultdict(dict)
    for group, commits in found.committed.items():
        for name, offsets in commits.items():
            by_topic[name][group] = offsets
    return by_topic


def _assignments(
    groups: Mapping[str, Group],
) -> tuple[dict[str, dict[str, dict[int, str]]], dict[str, dict[str, int]]]:
    """By topic and group: who holds which partition, and how many members hold any."""
    assigned: dict[str, dict[str, dict[int, str]]] = defaultdict(dict)
    members: dict[str, dict[str, int]] = defaultdict(dict)
    for group in groups.values():
        for member in group.members:
            for name, numbers in member.assigned.items():
                held = assigned[name].setdefault(group.id, {})
                held.update(dict.fromkeys(numbers, f"{member.client_id}@{member.host}"))
                members[name][group.id] = members[name].get(group.id, 0) + 1
    return assigned, members


def _topic(found: Survey, name: str, numbers: Mapping[int, Partition], shared: _Shared) -> TopicReading:
    logs = logs_of(name, numbers, found.starts, found.ends)
    commits, assigned = shared.commits.get(name, {}), shared.assigned.get(name, {})
    # a group whose offsets were refused is no group without offsets: its lag is unknown
    readable = [g for g in {**commits, **assigned} if g in found.committed]
    lags = {group: lag_of(logs, commits.get(group, {})) for group in readable}
    order = sorted(lags, key=lambda g: (-lags[g].known, g))
    largest = order[0] if order else None
    record = QueueRecord(name=name, framework=None, kind="topic")
    if largest is not None and all(lags[g].lag is not None for g in order):
        record.ready = lags[largest].lag
    held = shared.members.get(name, {})
    worst = {g: worst_of(logs, commits.get(g, {}), most) for g, most in zip(order, WORST, strict=False)}
    shown = [
        _group(shared.heads[g], lags[g], assigned.get(g, {}), held.get(g, 0), len(logs), worst.get(g))
        for g in order[:MOST_GROUPS_SHOWN]
    ]
    record.details = {
        **_layout(found, name, numbers),
        "retained": retained(logs),
        "config": _config(found.configs.get(name)),
        "largest_group": largest,
        "groups": shown,
        "groups_total": len(order),
        "skew": _skew(logs, worst.get(largest or "", []), lags[largest].known if largest else 0),
    }
    consumers = _consumers(found, order, held)
    record.consumers = consumers.count
    return TopicReading(record, consumers, _counters(found, name, logs, largest, lags), lags, largest)


def _layout(found: Survey, name: str, numbers: Mapping[int, Partition]) -> dict[str, Any]:
    least = found.configs.get(name, {}).get("min.insync.replicas", "")
    topic = found.topics.get(name)
    under_min = sum(len(p.in_sync) < int(least) for p in numbers.values()) if least.isdecimal() else None
    return {
        "topic_id": topic.id if topic else None,
        "partitions": len(numbers),
        "replication_factor": max((len(p.replicas) for p in numbers.values()), default=None),
        "under_replicated": sum(len(p.in_sync) < len(p.replicas) for p in numbers.values()),
        "under_min_isr": under_min,
        "offline": sum(p.leader is None for p in numbers.values()),
    }


def _config(settings: Mapping[str, str] | None) -> dict[str, int | str] | None:
    if settings is None:
        return None
    return {key: int(value) if value.lstrip("-").isdecimal() else value for key, value in settings.items()}


def _head(found: Survey, name: str) -> dict[str, Any]:
    group = found.groups.get(name)
    return {
        "group": name,
        "state": state_of(found, name),
        "type": group.type if group else found.listings[name].type,
        "rebalancing": rebalancing(group),
        "members": len(group.members) if group else None,
    }


def _group(
    head: Mapping[str, Any],
    lag: GroupLag,
    owners: Mapping[int, str],
    held: int,
    partitions: int,
    worst: list[PartitionLag] | None,
) -> dict[str, Any]:
    described = head["members"] is not None
    row: dict[str, Any] = {
        **head,
        "assigned": held if described else None,
        "unassigned_partitions": partitions - len(owners) if described and not head["rebalancing"] else None,
        "lag": lag.lag,
        "lost": lag.lost,
        "ahead": lag.ahead,
        "uncommitted_partitions": lag.uncommitted,
    }
    if lag.lag is None:
        row["lag_known"] = lag.known
    if worst is not None:
        row["worst"] = [
            {
                "partition": p.number,
                "committed": p.committed,
                "end": p.end,
                "lag": p.lag,
                "client": owners.get(p.number),
            }
            for p in worst
        ]
    return row


def _skew(logs: list[Log], worst: list[PartitionLag], lag: int) -> dict[str, Any] | None:
    """The fullest partition and its share; None for a topic of one partition, which cannot be uneven."""
    if len(logs) < 2:
        return None
    sizes = {log.number: log.end - log.start for log in logs if log.end is not None and log.start is not None}
    found: dict[str, Any] = {}
    if total := sum(sizes.values()):
        fullest = max(sizes, key=lambda n: sizes[n])
        found = {"partition": fullest, "share": round(sizes[fullest] / total, 3)}
    if worst:
        found |= {"lag_partition": worst[0].number, "lag_share": round(worst[0].lag / lag, 3)}
    return found or None


def _consumers(found: Survey, order: list[str], held: Mapping[str, int]) -> ConsumerView:
    """Members that hold a partition of the topic, and those of its groups that are being rebalanced."""
    if found.hidden or found.unread.get("groups") or found.unread.get("described"):
        return ConsumerView(None, "hypothesis", "unread")
    moving = {group for group in order if rebalancing(found.groups.get(group))}
    count = sum(n for group, n in held.items() if group not in moving)
    count += sum(len(found.groups[group].members) for group in moving)
    # Whoever assigns partitions by hand is in no group; where no group ever was, nobody can say.
    return ConsumerView(count, "fact" if order and not moving else "hypothesis", "counted" if order else "no_group")


def _counters(found: Survey, name: str, logs: list[Log], largest: str | None, lags: Mapping[str, GroupLag]) -> Counters:
    """Written since the topic was made, and read by its largest group; another group or partition is another epoch."""
    topic = found.topics.get(name)
    epoch = f"{topic.id if topic else ''}/{len(logs)}/{largest or ''}"
    return Counters(arrived=arrived(logs), completed=lags[largest].position if largest else None, epoch=epoch)
