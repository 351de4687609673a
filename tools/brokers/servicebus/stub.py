r"""A Service Bus namespace that stands in memory, for evals and tests: the same session and readers, no server.

It answers what the service's documents would hold and never proves that the client works. A target names its file as
`servicebus+stub:///path/world.yaml` (absolute, else relative to the working directory). Everything below is optional;
unknown words are an error.

```yaml
fail: unreachable              # or timeout, auth_failed, forbidden, throttled: every call ends so
deny: [topics]                 # calls that miss a right: namespace, queues, topics, subscriptions, peek
throttle: [subscriptions]      # calls that are refused for being too many, of the same words
namespace: {messaging_sku: Standard, messaging_units: 0}
queues:
  orders:
    ready: 120                 # counts; `dead` and `transfer_dead` make dead-letter queues
    growth_per_s: 2.5          # of ready; below zero it drains
    scheduled: 3
    dead: 4
    transfer: 0
    transfer_dead: 0
    absent: [ScheduledMessageCount]   # counts that the service leaves out
    settings: {LockDuration: PT5M, RequiresSession: "true", Status: ReceiveDisabled}   # elements of its description
    messages:                  # first in order; the rest is {"n": 0}, {"n": 1}, …
      - {body: {to: ann}, id: m1, subject: mail, delivery_count: 9, age_s: 60, state: active, session: s1}
    dead_messages:
      - {body: text, reason: MaxDeliveryCountExceeded, description: "", delivery_count: 10}
topics:
  events:
    scheduled: 2
    settings: {MaxSizeInMegabytes: "2048"}
    subscriptions:
      audit: {ready: 7}        # as a queue, without `scheduled`
```
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tools.asking import Throttled
from tools.brokers.servicebus.session import PAGE, Entry, Feed, PeekCall, Peeked, ServiceBusSession
from tools.brokers.servicebus.stub_entities import StubQueue, StubTopic
from tools.errors import AuthFailed, CallTimeout, Forbidden, TargetError, Unreachable, Unsupported
from tools.stubs import World
from tools.targets import Target

Call = Literal["namespace", "queues", "topics", "subscriptions", "peek"]


class StubDocument(BaseModel):
    """The file; see the top of this module."""

    model_config = ConfigDict(extra="forbid")

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden", "throttled"] | None = None
    deny: list[Call] = []
    throttle: list[Call] = []
    namespace: dict[str, str | int] = {"messaging_sku": "Standard"}
    queues: dict[str, StubQueue] = {}
    topics: dict[str, StubTopic] = {}


class StubTransport:
    """Answers from the document."""

    def __init__(self, target: Target, world: World[StubDocument]) -> None:
        self._target = target
        self._world = world
        self.document = world.current()

    async def namespace(self) -> Mapping[str, Any]:
        """As in the document."""
        self._check("namespace", "get_namespace_properties")
        return {"name": self._target.name, **self.document.namespace}

    async def feed(self, kind: Feed, skip: int = 0, topic: str | None = None) -> list[Entry]:
        """One page, in the order of names."""
        self._check(kind, f"list_{kind}($skip={skip}, $top=100)")
        if kind == "topics":
            topics = self.document.topics
            return [topics[name].entry(name) for name in sorted(topics)[skip : skip + PAGE]]
        held = self._topic(topic).subscriptions if topic else self.document.queues
        return [held[n].entry(n, subscription=topic is not None) for n in sorted(held)[skip : skip + PAGE]]

    async def entry(self, name: str, subscription: str | None = None) -> Entry | None:
        """One entity."""
        self._check("subscriptions" if subscription else "queues", f"get({name!r})")
        held = self._topic(name).subscriptions if subscription else self.document.queues
        found = held.get(subscription or name)
        return found.entry(subscription or name, subscription=subscription is not None) if found else None

    async def peek(self, call: PeekCall) -> list[Peeked]:
        """Messages from a sequence number on."""
        self._check("peek", f"peek_messages({call.path!r})")
        held = self._topic(call.entity).subscriptions if call.subscription else self.document.queues
        entity = held.get(call.subscription or call.entity)
        if entity is None:
            raise Unsupported("servicebus_peek_refused", **self._facts(call.path, "entity not found"))
        return entity.peeked(call.sub_queue, call.from_sequence, call.limit)

    async def close(self) -> None:
        """Nothing to give back."""

    def _topic(self, name: str | None) -> StubTopic:
        return self.document.topics.get(name or "", StubTopic())

    def _check(self, call: Call, named: str) -> None:
        self.document = self._world.current()
        if self.document.fail:
            raise self._failure(self.document.fail, named)
        if call in self.document.deny:
            raise self._failure("forbidden", named, "Listen" if call == "peek" else "Manage,EntityRead")
        if call in self.document.throttle:
            raise self._failure("throttled", named)

    def _failure(self, kind: str, call: str, claim: str = "Manage,EntityRead") -> TargetError:
        if kind == "timeout":
            return CallTimeout("servicebus_timeout", seconds=6.0, **self._facts(call, ""))
        if kind == "auth_failed":
            return AuthFailed("servicebus_auth", **self._facts(call, "HTTP 401: SubCode=40103: invalid signature"))
        if kind == "forbidden":
            words = f"HTTP 401: {claim} claims required for this operation."
            return Forbidden("servicebus_claim", claim=claim, **self._facts(call, words))
        if kind == "throttled":
            words = "HTTP 429: SubCode=50004. The request was terminated because the namespace is being throttled."
            return Throttled("servicebus_throttled", **self._facts(call, words))
        return Unreachable("servicebus_unreachable", **self._facts(call, "Name or service not known"))

    def _facts(self, call: str, detail: str) -> dict[str, Any]:
        return {"target": self._target.name, "call": call, "detail": detail}


def open_stub(target: Target) -> ServiceBusSession:
    """A session over the namespace that the target's YAML file describes; read again whenever the file changed.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return ServiceBusSession(target, StubTransport(target, World(target, StubDocument)))


def stub_session(target: Target, document: Mapping[str, Any]) -> ServiceBusSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return ServiceBusSession(target, StubTransport(target, World(target, StubDocument, document)))
