"""A RabbitMQ that stands in memory, for evals and tests: the same calls and answers, no server.

It passes the same contract suite as a real server and never proves that the client works. A target names its file as
`rabbitmq+stub:///path/world.yaml` (absolute, else relative to the working directory); `?vhost=shop` limits it to one
virtual host. The file is read again when it changed. Everything below is optional; unknown words are an error. Numbers
shown are the defaults.

```yaml
fail: unreachable            # or timeout, auth_failed, forbidden: every call ends so
tags: [administrator]        # of the user; monitoring, management, or [] (may not use the API)
hidden_vhosts: []            # virtual hosts in which the user has no permission: their queues are left out
version: 4.1.4
rates_mode: basic            # none: no counters
stats_off: false             # true: the server collects no statistics
totals: {connections: 0}     # object_totals of the overview that differ from what stands below
unroutable: 0                # messages that no binding took
nodes:
  - {name: rabbit@stub, running: true, uptime_s: 86400, mem_used: 200000000, mem_limit: 8000000000, mem_alarm: false,
     disk_free: 50000000000, disk_free_limit: 2000000000, disk_alarm: false, fd_used: 100, fd_total: 65536,
     partitions: []}
vhosts: {/: running}         # those of queues are added
queues:
  - name: mail
    vhost: /
    type: classic            # quorum, stream
    ready: 0
    unacked: 0
    growth_per_s: 0          # of `ready`; below zero it drains, down to 0
    ack_per_s: 0             # completions; arrivals are `growth_per_s` more
    redeliver_per_s: 0
    published: 0             # counters so far
    acked: 0
    redelivered: 0
    consumers: 0             # those of `consumers` below are added
    state: running
    durable: true
    arguments: {x-dead-letter-exchange: dlx}
    head_age_s: null         # age of the first message, as its publisher stamped it
    counted: true            # false: the server gives no counts (yet)
    members: []              # and online: replicas
    online: []
    messages:                # what a peek shows, before `{"n": i}` of the other ready ones
      - {body: text, headers: {task: a.b}, properties: {message_id: x1}, base64: false}
exchanges:
  - {name: dlx, vhost: /, type: direct, bindings: [{queue: mail.dead, routing_key: mail}]}   # or exchange: name
policies:
  - {name: dead, vhost: /, pattern: "^mail$", definition: {dead-letter-exchange: dlx}, priority: 0, apply-to: all}
consumers:
  - {queue: mail, vhost: /, prefetch: 10, ack: true, connection: c1, active: true}
connections:                 # those of consumers are added
  - {name: c1, vhost: /, user: app, state: running, channels: 1, client: worker}
channels:
  - {name: c1 (1), connection: c1, vhost: /, user: app, prefetch: 10, unacked: 0, consumers: 1, state: running}
lost_columns: []             # columns that the server leaves out, as a newer or older version does
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.brokers.rabbitmq.session import RabbitSession, Reply, call_of
from tools.brokers.rabbitmq.stub_api import StubApi
from tools.errors import CallTimeout, TargetError, Unreachable
from tools.stubs import World
from tools.targets import Target


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class StubNode(_Part):
    """One node."""

    name: str = "rabbit@stub"
    running: bool = True
    uptime_s: float = 86_400
    mem_used: int = 200_000_000
    mem_limit: int = 8_000_000_000
    mem_alarm: bool = False
    disk_free: int = 50_000_000_000
    disk_free_limit: int = 2_000_000_000
    disk_alarm: bool = False
    fd_used: int = 100
    fd_total: int = 65_536
    partitions: list[str] = []


class StubMessage(_Part):
    """One message for a peek."""

    body: str = ""
    headers: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    base64: bool = False


class StubQueue(_Part):
    """One queue."""

    name: str
    vhost: str = "/"
    type: Literal["classic", "quorum", "stream"] = "classic"
    ready: int = Field(0, ge=0)
    unacked: int = Field(0, ge=0)
    growth_per_s: float = 0
    ack_per_s: float = Field(0, ge=0)
    redeliver_per_s: float = Field(0, ge=0)
    published: int = 0
    acked: int = 0
    redelivered: int = 0
    consumers: int = 0
    state: str = "running"
    durable: bool = True
    arguments: dict[str, Any] = {}
    head_age_s: float | None = None
    counted: bool = True
    members: list[str] = []
    online: list[str] = []
    messages: list[StubMessage] = []


class StubBinding(_Part):
    """From an exchange to a queue, or to another exchange."""

    queue: str | None = None
    exchange: str | None = None
    routing_key: str = ""


class StubExchange(_Part):
    """One exchange."""

    name: str
    vhost: str = "/"
    type: str = "direct"
    bindings: list[StubBinding] = []


class StubPolicy(_Part):
    """One policy."""

    name: str
    vhost: str = "/"
    pattern: str = ".*"
    definition: dict[str, Any] = {}
    priority: int = 0
    apply_to: str = Field("all", alias="apply-to")


class StubConsumer(_Part):
    """One consumer."""

    queue: str
    vhost: str = "/"
    prefetch: int = 0
    ack: bool = True
    connection: str = "worker"
    active: bool = True


class StubConnection(_Part):
    """One connection."""

    name: str
    vhost: str = "/"
    user: str = "app"
    state: str = "running"
    channels: int = 1
    client: str | None = None


class StubChannel(_Part):
    """One channel."""

    name: str
    connection: str = "worker"
    vhost: str = "/"
    user: str = "app"
    prefetch: int = 0
    unacked: int = 0
    consumers: int = 0
    state: str = "running"


class StubDocument(_Part):
    """The file; see the top of this module."""

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden"] | None = None
    tags: list[str] = ["administrator"]
    hidden_vhosts: list[str] = []
    version: str = "4.1.4"
    rates_mode: Literal["none", "basic", "detailed"] = "basic"
    stats_off: bool = False
    totals: dict[str, int] = {}
    unroutable: int = 0
    nodes: list[StubNode] = Field(default_factory=lambda: [StubNode()])
    vhosts: dict[str, str] = {}
    queues: list[StubQueue] = []
    exchanges: list[StubExchange] = []
    policies: list[StubPolicy] = []
    consumers: list[StubConsumer] = []
    connections: list[StubConnection] = []
    channels: list[StubChannel] = []
    lost_columns: list[str] = []


class StubTransport:
    """Answers from the document, or from the file that holds it."""

    def __init__(self, target: Target, document: Mapping[str, Any] | None = None) -> None:
        self._target = target
        self._world = World(target, StubDocument, document)
        self._use(self._world.current())

    async def send(self, method: str, path: str, query: Mapping[str, str], document: object = None) -> Reply:
        """One answer.

        Raises:
            TargetError: as `fail` says, or the file became unreadable.
        """
        if (current := self._world.current()) is not self._document:
            self._use(current)
        if self._fail in {"unreachable", "timeout"}:
            raise self._failure(call_of(method, path))
        if self._fail == "auth_failed":
            return Reply(401, b'{"error":"not_authorized","reason":"Login failed"}')
        return self._api.answer(method, path, query, document)

    async def close(self) -> None:
        """Nothing to give back."""

    def _use(self, document: StubDocument) -> None:
        self._document, self._fail = document, document.fail
        tags = [] if document.fail == "forbidden" else document.tags
        self._api = StubApi(document.model_dump(by_alias=True) | {"tags": tags})

    def _failure(self, call: str) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": call}
        if self._fail == "timeout":
            return CallTimeout("call_timeout", seconds=6.0, **facts)
        return Unreachable("rabbitmq_unreachable", place="http://stub:15672", detail="Connection refused", **facts)


def open_stub(target: Target) -> RabbitSession:
    """A session over the world that the target's YAML file describes.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return RabbitSession(target, StubTransport(target))


def stub_session(target: Target, document: Mapping[str, Any]) -> RabbitSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return RabbitSession(target, StubTransport(target, document))
