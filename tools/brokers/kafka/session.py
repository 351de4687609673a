"""An open Kafka: what can be asked, and the shapes of the answers. Nothing here can change a topic or a group.

An answer that concerns one topic, partition or group may be a `Failure` (no permission, no leader); what concerns the
connection is raised as a TargetError. Real client and stub give the same shapes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypeVar

from tools.targets import Target

Spot = tuple[str, int]
"""A topic's name and a partition's number."""

Commits = dict[str, dict[int, int]]
"""A group's committed offsets by topic and partition."""

T = TypeVar("T")


@dataclass(frozen=True)
class Failure:
    """The cluster's error about one thing. `code` is Kafka's name of it, such as GROUP_AUTHORIZATION_FAILED."""

    code: str
    detail: str

    @property
    def forbidden(self) -> bool:
        """Whether a permission is missing."""
        return self.code.endswith("AUTHORIZATION_FAILED")


@dataclass(frozen=True)
class Node:
    """A broker as clients see it."""

    id: int
    host: str
    port: int
    rack: str | None = None


@dataclass(frozen=True)
class Cluster:
    """DescribeCluster.

    Attributes:
        operations: what this user may do with the cluster itself, such as DESCRIBE; None when it was not said.
    """

    id: str | None
    controller: int | None
    nodes: tuple[Node, ...]
    operations: frozenset[str] | None = None


class Partition(NamedTuple):
    """Leader (None: offline), replicas and those in sync, by broker id."""

    leader: int | None
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True)
class Topic:
    """DescribeTopics. `id` tells a topic from one of the same name that was deleted before."""

    name: str
    id: str
    internal: bool


@dataclass(frozen=True)
class Listing:
    """ListGroups: one group of consumers."""

    id: str
    state: str
    type: str


@dataclass(frozen=True)
class Member:
    """A consumer. `assigned` holds partitions by topic, `wanted` what it is to get (groups of type `consumer`)."""

    id: str
    client_id: str
    host: str
    instance_id: str | None = None
    assigned: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    wanted: Mapping[str, tuple[int, ...]] | None = None


@dataclass(frozen=True)
class Group:
    """DescribeGroups or ConsumerGroupDescribe. `state` in Kafka's words: Stable, Empty, PreparingRebalance …"""

    id: str
    state: str
    type: str
    assignor: str
    coordinator: int | None
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Record:
    """A message where it lies. `timestamp_ms` is Unix time; None when the message has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[str, ...] = ()


class KafkaTransport(Protocol):
    """What asks: the real client, or the stub. Every call raises TargetError for what concerns the connection."""

    async def cluster(self) -> Cluster:
        """The brokers and what this user may do."""
        ...

    async def acls_in_force(self, broker: int) -> bool | Failure:
        """Whether this broker checks permissions at all; a Failure says that the user may not even ask."""
        ...

    async def version(self) -> str | None:
        """The release that the broker's software is of, such as 4.4; None when it does not say."""
        ...

    async def partitions(self) -> dict[str, dict[int, Partition]]:
        """Metadata: every topic that this user may see."""
        ...

    async def topics(self, names: Sequence[str]) -> dict[str, Topic | Failure]:
        """Identity of these topics."""
        ...

    async def configs(self, names: Sequence[str]) -> dict[str, dict[str, str] | Failure]:
        """Settings of these topics, those in force, by Kafka's names."""
        ...

    async def offsets(self, spots: Sequence[Spot], at: Literal["start", "end"]) -> dict[Spot, int | Failure]:
        """The log's first offset, or the one that the next message gets (of uncommitted transactions too)."""
        ...

    async def groups(self) -> tuple[list[Listing], list[Failure]]:
        """Groups of consumers that this user may see, and what some brokers refused."""
        ...

    async def described(self, ids: Sequence[str]) -> dict[str, Group | Failure]:
        """Members and assignments of these groups."""
        ...

    async def committed(self, ids: Sequence[str]) -> dict[str, Commits | Failure]:
        """Every offset that these groups have committed; partitions without a commit are absent."""
        ...

    async def fetch(self, places: Mapping[Spot, tuple[int, int]]) -> list[Record]:
        """At most that many messages from that offset on, by partition as (offset, most), outside of any group."""
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


class KafkaSession:
    """One target's connections."""

    system = "kafka"

    def __init__(self, target: Target, transport: KafkaTransport) -> None:
        self.target = target
        self.ask = transport

    async def close(self) -> None:
        """Gives the connections back."""
        await self.ask.close()


def good(answers: Mapping[str, T | Failure]) -> dict[str, T]:
    """The answers that are none of failure."""
    return {key: answer for key, answer in answers.items() if not isinstance(answer, Failure)}


def failures(answers: Mapping[str, T | Failure]) -> dict[str, Failure]:
    """The others."""
    return {key: answer for key, answer in answers.items() if isinstance(answer, Failure)}
