r"""A Kafka cluster that stands in memory, for evals and tests: the same session, the same answers, no server.

It passes the same contract suite as a real cluster and never proves that the client works. A target names its file as
`kafka+stub:///path/world.yaml` (absolute, else relative to the working directory). Everything below is optional;
unknown words are an error.

```yaml
fail: unreachable              # or timeout, auth_failed, forbidden: every call ends so
deny: [configs]                # refused: cluster acls topics configs offsets groups described committed fetch
rights: [DESCRIBE]             # what DescribeCluster says this user may do; default everything, null says nothing
version: "4.4"                 # null: the brokers do not say
cluster_id: stub-cluster
brokers: 3                     # or [{id: 1, host: kafka-1, port: 9092, rack: a}]
controller: 1
topics:
  orders:
    partitions: 6              # or a list: [{start: 0, end: 120, leader: 1, replicas: [1, 2, 3], in_sync: [1, 2]}]
    messages: 600              # written so far, spread evenly; with a number of partitions
    start: 0                   # first offset of every partition
    growth_per_s: 6            # messages, spread evenly
    hot_partition: 2           # this one gets all the growth
    replication_factor: 3
    internal: false
    config: {retention.ms: 3600000}   # settings that differ from Kafka's defaults
    payloads: ['{"n": 1}', {n: 2}]    # the newest messages, round robin; others are {"n": offset}
groups:
  billing:
    state: Stable              # Empty without members; Dead, PreparingRebalance, CompletingRebalance
    type: classic              # or consumer
    members: 2                 # or [{client_id: c1, host: 10.0.0.5, assigned: {orders: [0, 1]}}]
    lag: {orders: 100}         # spread evenly
    committed: {orders: {0: 50}}  # or exact offsets; partitions that are not named have none
    completes_per_s: {orders: 4}
```
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from tools.brokers.kafka.session import KafkaSession
from tools.brokers.kafka.stub_transport import StubTransport
from tools.stubs import World
from tools.targets import Target

Question = Literal["cluster", "acls", "topics", "configs", "offsets", "groups", "described", "committed", "fetch"]
RIGHTS = ["CREATE", "ALTER", "DESCRIBE", "CLUSTER_ACTION", "DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StubBroker(_Part):
    """One broker."""

    id: int
    host: str = "kafka"
    port: int = 9092
    rack: str | None = None


class StubPartition(_Part):
    """One partition; `leader` null is offline. Replicas default to those of the topic."""

    start: int = Field(0, ge=0)
    end: int = Field(0, ge=0)
    leader: int | None = 1
    replicas: list[int] | None = None
    in_sync: list[int] | None = None


class StubTopic(_Part):
    """One topic."""

    partitions: int | list[StubPartition] = 1
    messages: int = Field(0, ge=0)
    start: int = Field(0, ge=0)
    growth_per_s: float = 0
    hot_partition: int | None = None
    replication_factor: int = Field(1, ge=1)
    internal: bool = False
    config: dict[str, str | int] = {}
    payloads: list[Any] = []

    def logs(self) -> list[StubPartition]:
        """Its partitions, one by one."""
        if isinstance(self.partitions, list):
            return self.partitions
        each, more = divmod(self.messages, max(1, self.partitions))
        return [
            StubPartition(start=self.start, end=self.start + each + (n < more), leader=1)
            for n in range(self.partitions)
        ]

    def growth(self, number: int, count: int) -> float:
        """Messages per second of one partition."""
        if self.hot_partition is not None:
            return self.growth_per_s if number == self.hot_partition else 0.0
        return self.growth_per_s / max(1, count)


class StubMember(_Part):
    """One consumer."""

    client_id: str = "consumer"
    host: str = "10.0.0.1"
    assigned: dict[str, list[int]] = {}


class StubGroup(_Part):
    """One group."""

    state: str | None = None
    type: Literal["classic", "consumer"] = "classic"
    members: int | list[StubMember] = 0
    lag: dict[str, int] = {}
    committed: dict[str, dict[int, int]] = {}
    completes_per_s: dict[str, float] = {}


class StubDocument(_Part):
    """The file; see the top of this module."""

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden"] | None = None
    deny: list[Question] = []
    rights: list[str] | None = RIGHTS
    version: str | None = "4.4"
    cluster_id: str = "stub-cluster"
    brokers: int | list[StubBroker] = 1
    controller: int | None = 1
    topics: dict[str, StubTopic] = {}
    groups: dict[str, StubGroup] = {}

    @model_validator(mode="after")
    def _topics_are_there(self) -> Self:
        for name, group in self.groups.items():
            if unknown := {*group.lag, *group.committed, *group.completes_per_s} - set(self.topics):
                facts = {"group": name, "topic": min(unknown)}
                raise PydanticCustomError("no_topic", "groups.{group}: no topic {topic}", facts)
        return self

    def nodes(self) -> list[StubBroker]:
        """Its brokers, one by one."""
        if isinstance(self.brokers, list):
            return self.brokers
        return [StubBroker(id=n, host=f"kafka-{n}") for n in range(1, self.brokers + 1)]


def open_stub(target: Target) -> KafkaSession:
    """A session over the cluster that the target's YAML file describes; a file that changes is read again.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return KafkaSession(target, StubTransport(target, World(target, StubDocument).current, time.monotonic))


def stub_session(
    target: Target, document: Mapping[str, Any], clock: Callable[[], float] = time.monotonic
) -> KafkaSession:
    """The same from a mapping, for tests in code; `clock` counts seconds.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return KafkaSession(target, StubTransport(target, World(target, StubDocument, document).current, clock))


def payload(topic: StubTopic, offset: int, end: int) -> bytes:
    """The body at that offset: the last ones as the file gives them."""
    if topic.payloads and offset >= end - len(topic.payloads):
        given = topic.payloads[offset - end]
        return given.encode() if isinstance(given, str) else json.dumps(given).encode()
    return json.dumps({"n": offset}).encode()
