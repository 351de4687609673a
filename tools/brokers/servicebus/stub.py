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
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tools.brokers.servicebus.session import PAGE, Entry, Feed, PeekCall, Peeked, ServiceBusSession, Throttled
from tools.brokers.servicebus.stub_entities import StubQueue, StubTopic
from tools.errors import AuthFailed, CallTimeout, Forbidden, TargetError, Unreachable, Unsupported
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

    def __init__(self, target: Target, document: StubDocument, path: Path | None = None) -> None:
        self._target = target
        self.document = document
        self._path = path
        self._changed = path.stat().st_mtime_ns if path else 0

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
        if self._path and self._path.is_file() and (now := self._path.stat().st_mtime_ns) != self._changed:
            self.document, self._changed = _read(self._target, self._path), now
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
    path = Path(target.path)
    relative = Path(target.path.lstrip("/"))
    if not path.is_file() and relative.is_file():
        path = relative
    return ServiceBusSession(target, StubTransport(target, _read(target, path), path))


def stub_session(target: Target, document: Mapping[str, Any]) -> ServiceBusSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return ServiceBusSession(target, StubTransport(target, _parsed(target, document)))


def _read(target: Target, path: Path) -> StubDocument:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Unsupported("stub_unreadable", target=target.name, call=str(path), detail=str(error)) from None
    return _parsed(target, document if isinstance(document, dict) else {})


def _parsed(target: Target, document: Mapping[str, Any]) -> StubDocument:
    try:
        return StubDocument.model_validate(dict(document))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise Unsupported("stub_unreadable", target=target.name, call=target.path, detail=detail) from None
