"""Reads a Service Bus namespace: its queues, topics and subscriptions with their counts, sizes and settings.

`facts` of a reading: `namespace` (`name`, `messaging_sku`, `messaging_units`, `namespace_type`, `alias`, as far as
read), `places` (`records.Place` by record name), `sessions` (names of records that require sessions), `forwards`
(pairs of names: from, to), `throttled` (the calls that the service refused for being too many; empty when none).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from tools.asking import Throttled
from tools.brokers.servicebus import peek as peeking
from tools.brokers.servicebus.client import ServiceBusClient
from tools.brokers.servicebus.depths import counted
from tools.brokers.servicebus.listing import Listing, read_listing
from tools.brokers.servicebus.records import Place, dead_letter_records, depth_of, record_of
from tools.brokers.servicebus.session import Entry, ServiceBusSession
from tools.contract import At, Coverage, MessageSummary, QueueRecord
from tools.reading import BrokerReading, Depths, EvidenceBook, Gap, Peek, Texts, address
from tools.targets import Target

# Evidence only for the largest ones.
MOST_EVIDENCE = 200
# Unknown on every queue of every namespace.
_NEVER_KNOWN = ("in_flight", "consumers", "retrying", "oldest_age_s")
_SERVICE_KNOWS_NOT = {"memory": "servicebus_memory", "connections": "servicebus_connections"}


class ServiceBusBroker:
    """One namespace."""

    id = "servicebus"

    async def open(self, target: Target) -> ServiceBusSession:
        """A session; nothing is sent yet."""
        if target.scheme == "servicebus+stub":
            from tools.brokers.servicebus.stub import open_stub

            return open_stub(target)
        return ServiceBusSession(target, ServiceBusClient(target))

    async def ping(self, session: ServiceBusSession) -> None:
        """One page of queues, which is also what needs the Manage right. A throttled namespace is reachable.

        Raises:
            TargetError: unreachable, time-out, wrong key, no Manage right, not Service Bus.
        """
        try:
            await session.transport.feed("queues")
        except Throttled:
            return

    async def read(self, session: ServiceBusSession, book: EvidenceBook) -> BrokerReading:
        """The whole namespace within the caps of `listing`.

        Raises:
            TargetError: nothing could be listed.
        """
        listing = await read_listing(session)
        reading = BrokerReading(target=session.target, system="servicebus", gaps=listing.gaps, notices=listing.notices)
        reading.coverage = Coverage(complete=listing.complete)
        reading.facts = {"namespace": dict(listing.namespace), "throttled": listing.throttled}
        entries = _entries(listing)
        pairs = [(place, record_of(place, entry)) for place, entry in entries]
        pairs += [pair for place, entry in entries for pair in dead_letter_records(place, entry)]
        reading.queues = [record for _, record in pairs]
        reading.facts |= {
            "places": {place.name: place for place, _ in pairs},
            "sessions": {r.name for _, r in pairs if r.details.get("requires_session")},
            "forwards": [(r.name, to) for _, r in pairs if (to := r.details.get("forward_to"))],
        }
        if listing.throttled or any(r.details.get("availability") in _UNAVAILABLE for r in reading.queues):
            reading.health = "degraded"
        _unknown(reading, pairs)
        _evidence(reading, pairs, book)
        return reading

    async def depths(
        self, session: ServiceBusSession, reading: BrokerReading, records: Sequence[QueueRecord]
    ) -> Depths:
        """The active counts: single entities, or the whole listing where that takes fewer calls. None when throttled.

        Raises:
            TargetError: a call failed for another reason than throttling.
        """
        places = {address(r): reading.facts["places"].get(r.name) for r in records}
        found = await counted(session, reading, [place for place in places.values() if place is not None])
        return {
            name: depth_of(place, found.get((place.entity, place.subscription))) if place else None
            for name, place in places.items()
        }

    async def peek(self, session: ServiceBusSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """A true peek over AMQP: it locks no message and raises no delivery count. Needs the Listen right.

        Raises:
            Unsupported: see `peek.peek`.
            TargetError: of the connection.
        """
        return await peeking.peek(session, reading, request)


BROKER = ServiceBusBroker()

_UNAVAILABLE = {"Limited", "Restoring"}


def _entries(listing: Listing) -> list[tuple[Place, Entry]]:
    found = [(Place("queue", entry.name), entry) for entry in listing.queues]
    found += [(Place("topic", entry.name), entry) for entry in listing.topics]
    return found + [(Place("subscription", topic, entry.name), entry) for topic, entry in listing.subscriptions]


def _unknown(reading: BrokerReading, pairs: Sequence[tuple[Place, QueueRecord]]) -> None:
    """What Service Bus tells nobody, and what single entities do not say."""
    target = reading.target.name
    whole = At(target=target)
    reading.gaps += [Gap(whole, field, Texts(key)) for field, key in _SERVICE_KNOWS_NOT.items()]
    if reading.queues:
        reading.gaps += [Gap(whole, field, Texts(f"servicebus_{field}")) for field in _NEVER_KNOWN]
        reading.notices.append(Texts("servicebus_active"))
    for place, record in pairs:
        at = At(target=target, queue=record.name)
        for field in ("ready", "scheduled", "dead", "paused"):
            if getattr(record, field) is None:
                reading.gaps.append(Gap(at, field, Texts(_reason(place, field), {"topic": place.entity})))
    if reading.facts["throttled"]:
        reading.notices.append(Texts("servicebus_throttled", {"calls": len(reading.facts["throttled"])}))


def _reason(place: Place, field: str) -> str:
    if field == "paused":
        return "servicebus_status"
    if place.sub_queue:
        return "servicebus_dead_letter_queue"
    if place.kind == "topic" and field != "scheduled":
        return "servicebus_topic"
    return (
        "servicebus_topic_scheduled" if place.kind == "subscription" and field == "scheduled" else "servicebus_absent"
    )


def _evidence(reading: BrokerReading, pairs: Sequence[tuple[Place, QueueRecord]], book: EvidenceBook) -> None:
    target, namespace = reading.target.name, reading.target.host.partition(".")[0]
    if tier := reading.facts["namespace"].get("messaging_sku"):
        shown = f'az servicebus namespace show --resource-group "$RG" --name {shlex.quote(namespace)} --query sku'
        book.add("broker.tier", target, tier, None, "GET /$namespaceinfo: MessagingSKU", shown)
    largest = sorted(pairs, key=lambda pair: -(pair[1].ready or 0))[:MOST_EVIDENCE]
    for place, record in largest:
        source, paste = _source(place), _paste(place, namespace)
        active = {None: "ActiveMessageCount", "deadletter": "DeadLetterMessageCount"}.get(
            place.sub_queue, "TransferDeadLetterMessageCount"
        )
        for metric, value, unit, element in (
            ("queue.ready", record.ready, "messages", active),
            ("queue.scheduled", record.scheduled, "messages", "ScheduledMessageCount"),
            ("queue.dead", record.dead, "messages", "DeadLetterMessageCount"),
            ("queue.size_bytes", record.details.get("size_bytes"), "bytes", "SizeInBytes"),
            ("queue.max_size_bytes", record.details.get("max_size_bytes"), "bytes", "MaxSizeInMegabytes"),
            ("queue.status", record.details.get("status"), None, "Status"),
        ):
            if value is not None:
                book.add(metric, f"{target}/{record.name}", value, unit, f"{source}: {element}", paste)


def _source(place: Place) -> str:
    if place.subscription:
        return f"GET /{place.entity}/subscriptions/{place.subscription}"
    return f"GET /{place.entity}"


def _paste(place: Place, namespace: str) -> str:
    """A command of the Azure CLI that shows the same; the resource group is theirs to name."""
    where = f'--resource-group "$RG" --namespace-name {shlex.quote(namespace)}'
    if place.subscription:
        named = f"--topic-name {shlex.quote(place.entity)} --name {shlex.quote(place.subscription)}"
        return f"az servicebus topic subscription show {where} {named}"
    kind = "topic" if place.kind == "topic" else "queue"
    return f"az servicebus {kind} show {where} --name {shlex.quote(place.entity)}"
