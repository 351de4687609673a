"""Lists a whole namespace in bounded passes: queues and topics side by side, then the subscriptions of each topic.

Each page of 100 entities is one management operation (10 of a Standard namespace's 1,000 credits a second), so pages
are asked for one, then two, then four at once, and never more than four.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tools.asking import Throttled
from tools.brokers.servicebus.session import PAGE, Entry, Feed, ServiceBusSession
from tools.contract import At, Scalar
from tools.errors import CallTimeout, TargetError, Unsupported
from tools.reading import Gap, Texts

T = TypeVar("T")
# Caps; a namespace holds at most 10,000 queues and topics (Service Bus quotas).
MOST_QUEUES = 5_000
MOST_TOPICS = 1_000
# Of topics whose subscriptions are listed, one call each at least, and of subscriptions in all.
MOST_LISTED_TOPICS = 300
MOST_SUBSCRIPTIONS = 5_000
PARALLEL = 4
# No further call is started after this many seconds, and all end before the runner's 10 s.
START_BEFORE_S = 6.0
END_BEFORE_S = 8.5


@dataclass
class Listing:
    """A namespace as listed.

    Attributes:
        subscriptions: with the name of their topic.
        throttled: calls that the service refused for being too many.
        gaps: what could not be read, with the service's words.
    """

    namespace: Mapping[str, Any] = field(default_factory=dict)
    queues: list[Entry] = field(default_factory=list)
    topics: list[Entry] = field(default_factory=list)
    subscriptions: list[tuple[str, Entry]] = field(default_factory=list)
    throttled: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    notices: list[Texts] = field(default_factory=list)
    complete: bool = True


async def read_listing(session: ServiceBusSession) -> Listing:
    """Everything within the caps; what was read before a failure stays.

    Raises:
        TargetError: neither queues nor topics could be listed, for another reason than throttling.
    """
    return await _Pass(session).run()


@dataclass
class _Pages:
    """What the pages of one listing held until the end, a cap or a failure."""

    entries: list[Entry]
    error: TargetError | None = None


class _Pass:
    """One reading's listing, its clock and its limit of calls at once."""

    def __init__(self, session: ServiceBusSession) -> None:
        self._session = session
        self._started = time.monotonic()
        self._slots = asyncio.Semaphore(PARALLEL)
        self.listing = Listing()

    async def run(self) -> Listing:
        listing = self.listing
        _, queues, topics = await asyncio.gather(
            self._namespace(), self._pages("queues", MOST_QUEUES), self._pages("topics", MOST_TOPICS)
        )
        if queues.error and topics.error and not queues.entries and not topics.entries:
            for error in (queues.error, topics.error):
                if not isinstance(error, Throttled):
                    raise error
        listing.queues, listing.topics = queues.entries, topics.entries
        self._note("queues", queues.error)
        # The Basic tier has no topics, so a refusal to list them leaves nothing unknown.
        if not (listing.namespace.get("messaging_sku") == "Basic" and isinstance(topics.error, Unsupported)):
            self._note("topics", topics.error)
        await self._subscriptions()
        return listing

    async def _namespace(self) -> None:
        try:
            self.listing.namespace = await self._timed("get_namespace_properties", self._session.transport.namespace)
        except TargetError as error:
            self._note("namespace", error)

    async def _subscriptions(self) -> None:
        """Of each topic that has some or does not say how many."""
        named = [t.name for t in self.listing.topics if t.fields.get("SubscriptionCount") != "0"]
        if len(named) > MOST_LISTED_TOPICS:
            self._cut("topics", MOST_LISTED_TOPICS)
            del named[MOST_LISTED_TOPICS:]
        found = await asyncio.gather(*(self._pages("subscriptions", MOST_SUBSCRIPTIONS, name) for name in named))
        for name, pages in zip(named, found, strict=True):
            self._note("subscriptions", pages.error, name)
            self.listing.subscriptions += [(name, entry) for entry in pages.entries]
        if len(self.listing.subscriptions) > MOST_SUBSCRIPTIONS:
            del self.listing.subscriptions[MOST_SUBSCRIPTIONS:]
            self._cut("subscriptions", MOST_SUBSCRIPTIONS)

    async def _pages(self, kind: Feed, most: int, topic: str | None = None) -> _Pages:
        """Page after page until one is short; a name that moved between two pages is taken once."""
        found: dict[str, Entry] = {}
        start, wave = 0, 1
        while True:
            pages = await asyncio.gather(*(self._page(kind, start + PAGE * i, topic) for i in range(wave)))
            found |= {entry.name: entry for page in pages for entry in page.entries}
            if error := next((page.error for page in pages if page.error), None):
                return _Pages(list(found.values()), error)
            if any(len(page.entries) < PAGE for page in pages):
                break
            start, wave = start + PAGE * wave, min(PARALLEL, wave * 2)
            if start >= most:
                self._cut(kind, most)
                break
            if time.monotonic() - self._started > START_BEFORE_S:
                self.listing.complete = False
                self.listing.notices.append(Texts("servicebus_slow", {"seen": len(found), "seconds": START_BEFORE_S}))
                break
        return _Pages(list(found.values())[:most])

    async def _page(self, kind: Feed, skip: int, topic: str | None) -> _Pages:
        try:
            call = f"list_{kind}($skip={skip}, $top={PAGE})"
            return _Pages(await self._timed(call, lambda: self._session.transport.feed(kind, skip, topic)))
        except TargetError as error:
            return _Pages([], error)

    async def _timed(self, call: str, ask: Callable[[], Awaitable[T]]) -> T:
        """One call in its slot, ended before the runner would end the whole reading."""
        try:
            async with asyncio.timeout(self._started + END_BEFORE_S - time.monotonic()), self._slots:
                return await ask()
        except TimeoutError:
            facts: dict[str, Any] = {"target": self._session.target.name, "call": call, "detail": ""}
            raise CallTimeout("servicebus_timeout", seconds=END_BEFORE_S, **facts) from None

    def _note(self, what: str, error: TargetError | None, topic: str | None = None) -> None:
        """A listing that failed: a gap, and what it leaves out."""
        if error is None:
            return
        call = str(error.facts.get("call", what))
        if what != "namespace":
            self.listing.complete = False
        if isinstance(error, Throttled):
            self.listing.throttled.append(call)
        said: dict[str, Scalar] = {"call": call, "detail": str(error.facts.get("detail", "")) or error.code}
        at = At(target=self._session.target.name, queue=topic)
        self.listing.gaps.append(Gap(at, what, Texts("servicebus_unread", said)))

    def _cut(self, kind: str, most: int) -> None:
        self.listing.complete = False
        self.listing.notices.append(Texts("servicebus_capped", {"kind": kind, "most": most}))
