"""The answers of the stub's cluster, computed from its document and from how long it has been standing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tools.brokers.kafka.session import (
    Cluster,
    Commits,
    Failure,
    Group,
    Listing,
    Member,
    Node,
    Partition,
    Record,
    Spot,
    Topic,
)
from tools.brokers.kafka.settings import CALL_TIMEOUT_S
from tools.errors import AuthFailed, CallTimeout, Forbidden, TargetError, Unreachable
from tools.targets import Target

if TYPE_CHECKING:
    from tools.brokers.kafka.stub import StubDocument, StubGroup, StubMember, StubTopic

T = TypeVar("T")
# Kafka 4.4's defaults of the settings that are kept.
DEFAULTS = {
    "cleanup.policy": "delete", "retention.ms": "604800000", "retention.bytes": "-1", "max.message.bytes": "1048588",
    "min.insync.replicas": "1", "segment.bytes": "1073741824", "segment.ms": "604800000",
    "message.timestamp.type": "CreateTime", "unclean.leader.election.enable": "false", "compression.type": "producer",
}  # fmt: skip


class StubTransport:
    """Answers from the document as it stands now; `clock` counts seconds."""

    def __init__(self, target: Target, current: Callable[[], StubDocument], clock: Callable[[], float]) -> None:
        self._target, self._current, self._clock = target, current, clock
        self._born = clock()

    @property
    def document(self) -> StubDocument:
        """The file's words."""
        return self._current()

    async def cluster(self) -> Cluster:
        """The brokers."""
        self._assert_up("DescribeCluster", "cluster")
        rights = self.document.rights
        nodes = tuple(Node(n.id, n.host, n.port, n.rack) for n in self.document.nodes())
        allowed = frozenset(rights) if rights else None
        return Cluster(self.document.cluster_id, self.document.controller, nodes, allowed)

    async def acls_in_force(self, broker: int) -> bool | Failure:
        """Only where they are denied."""
        denied = Failure("CLUSTER_AUTHORIZATION_FAILED", "Cluster authorization failed.")
        return denied if "acls" in self.document.deny else False

    async def version(self) -> str | None:
        """As given."""
        return self.document.version

    async def partitions(self) -> dict[str, dict[int, Partition]]:
        """Every topic."""
        self._assert_up("Metadata")
        return {name: self._layout(topic) for name, topic in self.document.topics.items()}

    async def topics(self, names: Sequence[str]) -> dict[str, Topic | Failure]:
        """Identity by name alone."""
        known = self.document.topics
        return self._each("DescribeTopics", "topics", "TOPIC", names, lambda n: Topic(n, f"id-{n}", known[n].internal))

    async def configs(self, names: Sequence[str]) -> dict[str, dict[str, str] | Failure]:
        """Defaults and what differs."""

        def one(name: str) -> dict[str, str]:
            return DEFAULTS | {key: str(value) for key, value in self.document.topics[name].config.items()}

        return self._each("DescribeConfigs", "configs", "TOPIC", names, one)

    async def offsets(self, spots: Sequence[Spot], at: Literal["start", "end"]) -> dict[Spot, int | Failure]:
        """Starts and ends; ends grow."""

        def one(spot: Spot) -> int:
            log = self.document.topics[spot[0]].logs()[spot[1]]
            return log.start if at == "start" else self._end(*spot)

        return self._each("ListOffsets", "offsets", "TOPIC", spots, one)

    async def groups(self) -> tuple[list[Listing], list[Failure]]:
        """All groups."""
        self._assert_up("ListGroups")
        if "groups" in self.document.deny:
            return [], [Failure("CLUSTER_AUTHORIZATION_FAILED", "Broker: Cluster authorization failed")]
        return [Listing(name, self._state(one), one.type) for name, one in self.document.groups.items()], []

    async def described(self, ids: Sequence[str]) -> dict[str, Group | Failure]:
        """Members as given, or as many as given, who share the partitions."""
        return self._each("DescribeGroups", "described", "GROUP", ids, self._group)

    async def committed(self, ids: Sequence[str]) -> dict[str, Commits | Failure]:
        """Exact offsets, or those that leave the lag."""
        return self._each("OffsetFetch", "committed", "GROUP", ids, self._commits)

    async def fetch(self, places: Mapping[Spot, tuple[int, int]]) -> list[Record]:
        """Bodies as given."""
        from tools.brokers.kafka.stub import payload

        self._assert_up("Fetch", "fetch")
        now = int(1000 * time.time())
        found = []
        for (name, number), (first, most) in places.items():
            topic, end = self.document.topics[name], self._end(name, number)
            for offset in range(first, min(first + most, end)):
                body = payload(topic, offset, end)
                found.append(Record(name, number, offset, now - 1000 * (end - offset), None, body))
        return found

    async def close(self) -> None:
        """Nothing to give back."""

    def _each(
        self, call: str, question: str, kind: str, keys: Sequence[Any], answer: Callable[[Any], T]
    ) -> dict[Any, T | Failure]:
        self._assert_up(call)
        if question in self.document.deny:
            refused = Failure(f"{kind}_AUTHORIZATION_FAILED", f"Broker: {kind.capitalize()} authorization failed")
            return dict.fromkeys(keys, refused)
        return {key: answer(key) for key in keys}

    def _assert_up(self, call: str, question: str = "") -> None:
        fail = self.document.fail
        if question in self.document.deny:
            fail = "forbidden"
        facts: dict[str, Any] = {"target": self._target.name, "call": call}
        errors: dict[str, Callable[[], TargetError]] = {
            "timeout": lambda: CallTimeout("kafka_timeout", seconds=CALL_TIMEOUT_S, detail="no answer", **facts),
            "auth_failed": lambda: AuthFailed(detail="SASL authentication error: invalid credentials", **facts),
            "forbidden": lambda: Forbidden(detail="Broker: Cluster authorization failed", **facts),
            "unreachable": lambda: Unreachable(detail="Connection refused", **facts),
        }
        if fail:
            raise errors[fail]()

    def _layout(self, topic: StubTopic) -> dict[int, Partition]:
        ids = [n.id for n in self.document.nodes()]
        replicas = ids[: topic.replication_factor]
        return {
            number: Partition(
                leader=log.leader,
                replicas=tuple(log.replicas or replicas),
                in_sync=tuple(log.in_sync if log.in_sync is not None else log.replicas or replicas),
            )
            for number, log in enumerate(topic.logs())
        }

    def _passed(self) -> float:
        return self._clock() - self._born

    def _end(self, name: str, number: int) -> int:
        topic = self.document.topics[name]
        logs = topic.logs()
        return logs[number].end + int(topic.growth(number, len(logs)) * self._passed())

    def _commits(self, name: str) -> Commits:
        group = self.document.groups[name]
        found: Commits = {topic: dict(offsets) for topic, offsets in group.committed.items()}
        for topic, lag in group.lag.items():
            logs = self.document.topics[topic].logs()
            each, more = divmod(lag, len(logs))
            found[topic] = {n: max(0, log.end - each - (n < more)) for n, log in enumerate(logs)}
        for topic, per_s in group.completes_per_s.items():
            offsets = found.get(topic, {})
            done = int(per_s * self._passed() / max(1, len(offsets)))
            found[topic] = {n: max(o, min(o + done, self._end(topic, n))) for n, o in offsets.items()}
        return found

    def _group(self, name: str) -> Group:
        group = self.document.groups[name]
        members = tuple(self._member(name, i, one) for i, one in enumerate(self._members(group)))
        assignor = "range" if members else ""
        return Group(name, self._state(group), group.type, assignor, self.document.nodes()[0].id, members)

    def _state(self, group: StubGroup) -> str:
        return group.state or ("Stable" if group.members else "Empty")

    def _member(self, group: str, index: int, one: StubMember) -> Member:
        assigned = {topic: tuple(numbers) for topic, numbers in one.assigned.items()}
        identity = f"{one.client_id}-{index}-{json.dumps(group)[1:-1]}"
        return Member(identity, one.client_id, one.host, None, assigned)

    def _members(self, group: StubGroup) -> list[StubMember]:
        from tools.brokers.kafka.stub import StubMember

        if isinstance(group.members, list):
            return group.members
        names = {*group.lag, *group.committed}
        moving = self._state(group).endswith("Rebalance")
        return [
            StubMember(
                client_id=f"consumer-{i + 1}",
                host=f"10.0.0.{i + 1}",
                assigned={}
                if moving
                else {t: list(range(i, len(self.document.topics[t].logs()), group.members)) for t in sorted(names)},
            )
            for i in range(group.members)
        ]
