"""Asks a cluster everything that a reading needs, in three steps: the brokers, what there is, and the numbers.

Each step runs its questions side by side. What only adds to the picture (settings, members, a group's offsets) may
fail without the rest; topics and the ends of their logs may not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tools.brokers.kafka.session import (
    Cluster,
    Commits,
    Failure,
    Group,
    KafkaSession,
    Listing,
    Partition,
    Spot,
    Topic,
    failures,
    good,
)
from tools.errors import TargetError

T = TypeVar("T")
# Beyond these the rest is left out and said so: the answers alone would take longer than a tool may.
MOST_TOPICS = 5_000
MOST_PARTITIONS = 20_000
MOST_GROUPS = 500
# Kafka's own; newer ones are told by the flag of DescribeTopics.
INTERNAL = {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}


@dataclass
class Survey:
    """The answers.

    Attributes:
        partitions: of the topics that are not Kafka's own, by topic and number.
        starts, ends: first offset and next offset of each log; offline partitions are absent.
        committed: by group, topic and partition.
        unread: failures by the question and what it was about.
        topics_total, groups_total: how many there are, also beyond the caps; without Kafka's own topics.
        hidden: why groups may be missing that this user may not see; None when all are there.
    """

    cluster: Cluster
    version: str | None = None
    partitions: dict[str, dict[int, Partition]] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    configs: dict[str, dict[str, str]] = field(default_factory=dict)
    starts: dict[Spot, int] = field(default_factory=dict)
    ends: dict[Spot, int] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    committed: dict[str, Commits] = field(default_factory=dict)
    unread: dict[str, dict[str, Failure]] = field(default_factory=dict)
    topics_total: int = 0
    groups_total: int = 0
    internal_topics: int = 0
    hidden: str | None = None

    @property
    def spots(self) -> list[Spot]:
        """Every partition that has a leader: only that one knows the log."""
        return [
            (name, number)
            for name, numbers in self.partitions.items()
            for number, one in numbers.items()
            if one.leader is not None
        ]


async def survey(session: KafkaSession) -> Survey:
    """Everything, bounded.

    Raises:
        TargetError: the brokers, the topics or the ends of their logs could not be read.
    """
    ask = session.ask
    # First and alone: whether somebody is there at all.
    found = Survey(await ask.cluster())
    found.version, metadata, listed, acls = await asyncio.gather(
        ask.version(), ask.partitions(), _groups(session), _acls(session, found.cluster)
    )
    found.hidden = _hidden(found.cluster, acls)
    _take_topics(found, metadata)
    _take_groups(found, *listed)
    await _numbers(session, found)
    _leave_out_internal(found)
    return found


def _take_topics(found: Survey, metadata: dict[str, dict[int, Partition]]) -> None:
    partitions = 0
    for name in sorted(metadata):
        if name in INTERNAL:
            found.internal_topics += 1
            continue
        found.topics_total += 1
        partitions += len(metadata[name])
        if len(found.partitions) < MOST_TOPICS and partitions <= MOST_PARTITIONS:
            found.partitions[name] = metadata[name]


def _take_groups(found: Survey, listed: list[Listing], refused: list[Failure]) -> None:
    found.groups_total = len(listed)
    found.listings = {one.id: one for one in sorted(listed, key=lambda one: one.id)[:MOST_GROUPS]}
    if refused:
        found.unread["groups"] = {"": refused[0]}


async def _numbers(session: KafkaSession, found: Survey) -> None:
    ask, names, ids, spots = session.ask, list(found.partitions), list(found.listings), found.spots
    ends, starts, committed, described, topics, configs = await asyncio.gather(
        ask.offsets(spots, "end"),
        ask.offsets(spots, "start"),
        _optional(ask.committed(ids), ids),
        _optional(ask.described(ids), ids),
        _optional(ask.topics(names), names),
        _optional(ask.configs(names), names),
    )
    found.ends = {spot: offset for spot, offset in ends.items() if not isinstance(offset, Failure)}
    found.starts = {spot: offset for spot, offset in starts.items() if not isinstance(offset, Failure)}
    found.unread["offsets"] = {spot[0]: f for spot, f in ends.items() if isinstance(f, Failure)}
    found.committed, found.unread["committed"] = good(committed), failures(committed)
    found.groups, found.unread["described"] = good(described), failures(described)
    found.topics, found.unread["topics"] = good(topics), failures(topics)
    found.configs, found.unread["configs"] = good(configs), failures(configs)


async def _optional(asked: Awaitable[dict[str, T | Failure]], names: Sequence[str]) -> dict[str, T | Failure]:
    """The answers, or one failure for all of them."""
    try:
        return await asked
    except TargetError as error:
        failed = failure_of(error)
        return dict.fromkeys(names, failed)


def failure_of(error: TargetError) -> Failure:
    """A failed call as the failure of what was asked."""
    return Failure(error.code.upper(), str(error.facts.get("detail") or error.code))


async def _groups(session: KafkaSession) -> tuple[list[Listing], list[Failure]]:
    try:
        return await session.ask.groups()
    except TargetError as error:
        return [], [failure_of(error)]


async def _acls(session: KafkaSession, cluster: Cluster) -> bool | Failure | None:
    """Asked only when the brokers did not say what this user may do: no rights and no answer look the same there."""
    if cluster.operations is not None or not cluster.nodes:
        return None
    try:
        return await session.ask.acls_in_force(cluster.nodes[0].id)
    except TargetError as error:
        return failure_of(error)


def _hidden(cluster: Cluster, acls: bool | Failure | None) -> str | None:
    """Without Describe on the cluster, ListGroups leaves out, in silence, every group that the user may not see."""
    if cluster.operations is not None:
        return None if cluster.operations & {"DESCRIBE", "ALL"} else "DescribeCluster: no DESCRIBE"
    if isinstance(acls, Failure):
        return acls.detail if acls.forbidden else None
    return "DescribeCluster: no DESCRIBE" if acls else None


def _leave_out_internal(found: Survey) -> None:
    for name in [name for name, topic in found.topics.items() if topic.internal]:
        del found.partitions[name]
        found.internal_topics += 1
        found.topics_total -= 1


async def settle(session: KafkaSession, found: Survey, spots: Sequence[Spot]) -> None:
    """Reads these ends again: commits and ends were read side by side, and a group may have come further meanwhile."""
    try:
        again = await session.ask.offsets(spots, "end")
    except TargetError:
        return
    found.ends |= {spot: offset for spot, offset in again.items() if not isinstance(offset, Failure)}
