"""What confluent-kafka is asked, and its answers in the shapes of a session. Imports the library only when called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from importlib import import_module
from typing import Any, Literal

from tools.brokers.kafka.session import (
    Cluster,
    Commits,
    Failure,
    Group,
    Listing,
    Member,
    Node,
    Partition,
    Spot,
    Topic,
)
from tools.brokers.kafka.settings import CALL_TIMEOUT_S

# The settings of a topic that are kept, of the about forty that it has.
CONFIGS = (
    "cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes", "min.insync.replicas",
    "segment.bytes", "segment.ms", "message.timestamp.type", "unclean.leader.election.enable", "compression.type",
)  # fmt: skip
_STATES = {
    "PREPARING_REBALANCING": "PreparingRebalance",
    "COMPLETING_REBALANCING": "CompletingRebalance",
    "STABLE": "Stable",
    "DEAD": "Dead",
    "EMPTY": "Empty",
}

Ask = Callable[[Any], Mapping[Any, "Future[Any]"]]


def ask_cluster(admin: Any) -> Future[Any]:
    """With what this user may do there."""
    return admin.describe_cluster(  # type: ignore[no-any-return]
        include_authorized_operations=True, request_timeout=CALL_TIMEOUT_S
    )


def cluster(result: Any) -> Cluster:
    """The brokers; an empty list of rights comes as None, so it says nothing."""
    rights = result.authorized_operations
    return Cluster(
        id=result.cluster_id,
        controller=result.controller.id if result.controller is not None and result.controller.id >= 0 else None,
        nodes=tuple(Node(n.id, n.host, n.port, n.rack) for n in sorted(result.nodes, key=lambda n: n.id)),
        operations=frozenset(right.name for right in rights) if rights else None,
    )


def ask_broker(number: int) -> Ask:
    """The settings of one broker. (The library's DescribeAcls keeps refusals to itself.)"""

    def ask(admin: Any) -> Mapping[str, Future[Any]]:
        kind = _sdk("confluent_kafka.admin").ConfigResource
        found = admin.describe_configs([kind(kind.Type.BROKER, str(number))], request_timeout=CALL_TIMEOUT_S)
        return {"broker": next(iter(found.values()))}

    return ask


def has_authorizer(entries: Any) -> bool:
    """Whether the broker checks permissions."""
    return "authorizer.class.name" in entries and bool(entries["authorizer.class.name"].value)


def partitions(metadata: Any) -> dict[str, dict[int, Partition]]:
    """Of every topic that metadata describes."""
    return {
        name: {
            number: Partition(one.leader if one.leader >= 0 else None, tuple(one.replicas), tuple(one.isrs))
            for number, one in topic.partitions.items()
        }
        for name, topic in metadata.topics.items()
        if topic.error is None
    }


def ask_topics(names: Sequence[str]) -> Ask:
    """Several at once."""

    def ask(admin: Any) -> Mapping[str, Future[Any]]:
        wanted = _sdk("confluent_kafka").TopicCollection(list(names))
        return admin.describe_topics(wanted, request_timeout=CALL_TIMEOUT_S)  # type: ignore[no-any-return]

    return ask


def topic(result: Any) -> Topic:
    """Identity alone: leaders and replicas come with the metadata."""
    return Topic(result.name, str(result.topic_id), bool(result.is_internal))


def ask_configs(names: Sequence[str]) -> Ask:
    """Several at once."""

    def ask(admin: Any) -> Mapping[str, Future[Any]]:
        kind = _sdk("confluent_kafka.admin").ConfigResource
        wanted = [kind(kind.Type.TOPIC, name) for name in names]
        found = admin.describe_configs(wanted, request_timeout=CALL_TIMEOUT_S)
        return {resource.name: answer for resource, answer in found.items()}

    return ask


def config(entries: Any) -> dict[str, str]:
    """Those of `CONFIGS` that the cluster knows."""
    return {key: str(entries[key].value) for key in CONFIGS if key in entries and entries[key].value is not None}


def ask_offsets(spots: Sequence[Spot], at: Literal["start", "end"]) -> Ask:
    """All partitions in one request for each leader."""

    def ask(admin: Any) -> Mapping[Spot, Future[Any]]:
        place, specs = _sdk("confluent_kafka").TopicPartition, _sdk("confluent_kafka.admin").OffsetSpec
        spec = specs.earliest() if at == "start" else specs.latest()
        found = admin.list_offsets({place(*spot): spec for spot in spots}, request_timeout=CALL_TIMEOUT_S)
        return {(one.topic, one.partition): answer for one, answer in found.items()}

    return ask


def ask_groups(admin: Any) -> Future[Any]:
    """All of them."""
    return admin.list_consumer_groups(request_timeout=CALL_TIMEOUT_S)  # type: ignore[no-any-return]


def groups(result: Any) -> tuple[list[Listing], list[Failure]]:
    """Groups, and what went wrong with single brokers."""
    listed = [
        Listing(one.group_id, _state(getattr(one, "state", None)), _type(getattr(one, "type", None)))
        for one in result.valid or []
    ]
    errors = [error.args[0] if getattr(error, "args", None) else error for error in result.errors or []]
    return listed, [Failure(error.name(), error.str()) for error in errors]


def ask_described(ids: Sequence[str]) -> Ask:
    """Several at once; the library sends one request for each coordinator."""
    return lambda admin: admin.describe_consumer_groups(list(ids), request_timeout=CALL_TIMEOUT_S)


def group(result: Any) -> Group:
    """With members."""
    return Group(
        id=result.group_id,
        state=_state(getattr(result, "state", None)),
        type=_type(getattr(result, "type", None)),
        assignor=result.partition_assignor or "",
        coordinator=result.coordinator.id if result.coordinator is not None else None,
        members=tuple(_member(one) for one in result.members),
    )


def ask_committed(ids: Sequence[str]) -> Ask:
    """One request for each group, all under way together: the library takes no more than one at a time."""

    def ask(admin: Any) -> Mapping[str, Future[Any]]:
        kind = _sdk("confluent_kafka").ConsumerGroupTopicPartitions
        asked: dict[str, Future[Any]] = {}
        for name in ids:
            asked |= admin.list_consumer_group_offsets([kind(name)], request_timeout=CALL_TIMEOUT_S)
        return asked

    return ask


def committed(result: Any) -> Commits:
    """Offsets; those of partitions without a commit are negative and left out."""
    found: Commits = {}
    name: str | None = None
    of_topic: dict[int, int] = {}
    for one in result.topic_partitions or ():
        if (offset := one.offset) < 0:
            continue
        if one.topic != name:
            name = one.topic
            of_topic = found.setdefault(name, {})
        of_topic[one.partition] = offset
    return found


def _sdk(module: str) -> Any:
    """The library, or a part of it, when it is needed first."""
    return import_module(module)


def _member(one: Any) -> Member:
    wanted = getattr(one, "target_assignment", None)
    return Member(
        id=one.member_id,
        client_id=one.client_id,
        host=(one.host or "").lstrip("/"),
        instance_id=one.group_instance_id,
        assigned=_by_topic(one.assignment),
        wanted=None if wanted is None else _by_topic(wanted),
    )


def _by_topic(assignment: Any) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    for one in assignment.topic_partitions if assignment is not None else ():
        found[one.topic].append(one.partition)
    return {name: tuple(sorted(numbers)) for name, numbers in found.items()}


def _state(state: Any) -> str:
    return _STATES.get(getattr(state, "name", ""), "Unknown")


def _type(kind: Any) -> str:
    return str(getattr(kind, "name", "UNKNOWN")).lower()
