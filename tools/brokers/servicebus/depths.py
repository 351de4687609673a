"""Counts some entities again with as few calls as possible: each alone, or page by page where that is fewer."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from tools.asking import Throttled
from tools.brokers.servicebus.listing import PARALLEL
from tools.brokers.servicebus.records import Place
from tools.brokers.servicebus.session import PAGE, Entry, ServiceBusSession
from tools.reading import BrokerReading

# A queue and None, or a topic and its subscription.
Key = tuple[str, str | None]
Counts = dict[Key, Entry]


async def counted(session: ServiceBusSession, reading: BrokerReading, places: Sequence[Place]) -> Counts:
    """Fresh entries of these places; what is gone, or was throttled, is missing.

    Raises:
        TargetError: a call failed for another reason than throttling.
    """
    slots = asyncio.Semaphore(PARALLEL)

    async def bounded(ask: Callable[[], Awaitable[Counts]]) -> Counts:
        async with slots:
            try:
                return await ask()
            except Throttled:
                return {}

    found: Counts = {}
    for some in await asyncio.gather(*(bounded(ask) for ask in _calls(session, reading, places))):
        found |= some
    return found


def _calls(
    session: ServiceBusSession, reading: BrokerReading, places: Sequence[Place]
) -> list[Callable[[], Awaitable[Counts]]]:
    wanted: dict[str | None, set[str]] = defaultdict(set)  # queues under None, subscriptions under their topic
    for place in places:
        if place.kind != "topic":
            wanted[_listing(place)].add(place.subscription or place.entity)
    every: Sequence[Place] = list(reading.facts["places"].values())
    held = Counter(_listing(place) for place in every if place.kind != "topic" and place.sub_queue is None)
    calls: list[Callable[[], Awaitable[Counts]]] = []
    for topic, names in wanted.items():
        pages = held[topic] // PAGE + 1
        if pages < len(names):
            calls += [partial(_page, session, topic, PAGE * i) for i in range(pages)]
        else:
            calls += [partial(_one, session, topic, name) for name in sorted(names)]
    return calls


def _listing(place: Place) -> str | None:
    return place.entity if place.subscription else None


async def _one(session: ServiceBusSession, topic: str | None, name: str) -> Counts:
    entry = await session.transport.entry(topic or name, name if topic else None)
    return {(topic or name, name if topic else None): entry} if entry else {}


async def _page(session: ServiceBusSession, topic: str | None, skip: int) -> Counts:
    entries = await session.transport.feed("subscriptions" if topic else "queues", skip, topic)
    return {((topic, entry.name) if topic else (entry.name, None)): entry for entry in entries}
