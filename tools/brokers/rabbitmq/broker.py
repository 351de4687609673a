"""Reads a RabbitMQ by its management API: server, queues, consumers, dead-letter topology.

The namespace of a record is its virtual host. Counts are as old as the server's statistics (5 s by default), so a
message published a moment ago is not in them yet.

`facts` beside those of `server.py` and `clients.py`:

- `dead_letters`: `details["dead_letter"]` of every queue that has one, by `address`
- `reply_queues`: how many queues look like answers (`amq.gen-…`, `….reply.…`, a UUID, exclusive or not)
- `interval_hint_s`: two samples closer than this prove nothing
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from tools.brokers.rabbitmq.clients import add_prefetch, read_channels, read_connections, read_consumers
from tools.brokers.rabbitmq.columns import QUEUE, mapping, number
from tools.brokers.rabbitmq.deadletters import follow
from tools.brokers.rabbitmq.evidence import add_evidence, add_gaps
from tools.brokers.rabbitmq.peek import look
from tools.brokers.rabbitmq.queues import counters_of, record_of
from tools.brokers.rabbitmq.server import health_of, optional, read_nodes, read_overview, read_surroundings
from tools.brokers.rabbitmq.session import DOTS, Pages, RabbitSession, Row
from tools.contract import At, Coverage, MessageSummary, QueueRecord
from tools.errors import Forbidden, TargetError, Unsupported
from tools.reading import BrokerReading, ConsumerView, Depths, EvidenceBook, Gap, Peek, Texts, address
from tools.targets import Target

# 50 pages; a server computes about ten a second.
MOST_QUEUES = 25_000
QUEUES_SECONDS = 7.0
# Up to this many depths are asked one by one (3 ms each), more by pages.
MOST_SINGLE = 30
MOST_VHOSTS_ASKED = 20
INTERVAL_HINT_S = 10.0
# What a server without statistics still gives.
_TOTALS = {"disable_stats": "true", "enable_queue_totals": "true"}
_REPLY = re.compile(r"^amq\.gen-|\.reply\.|^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$")


class RabbitBroker:
    """RabbitMQ, one node or a cluster."""

    id = "rabbitmq"

    async def open(self, target: Target) -> RabbitSession:
        """A session; nothing is sent yet."""
        if target.scheme.endswith("+stub"):
            from tools.brokers.rabbitmq.stub import open_stub

            return open_stub(target)
        from tools.brokers.rabbitmq.client import ManagementClient

        return RabbitSession(target, ManagementClient(target))

    async def ping(self, session: RabbitSession) -> None:
        """One cheap call.

        Raises:
            TargetError: unreachable, time-out, wrong credentials, no management tag, not RabbitMQ.
        """
        await session.get("overview", columns="rabbitmq_version")

    async def read(self, session: RabbitSession, book: EvidenceBook) -> BrokerReading:
        """Everything; what fails beside overview and queues is a gap.

        Raises:
            TargetError: overview or queues could not be read.
        """
        reading = await read_overview(session)
        pages, *_ = await asyncio.gather(
            _queue_pages(session, reading),
            read_nodes(session, reading),
            read_surroundings(session, reading),
            read_consumers(session, reading),
            read_channels(session, reading),
            read_connections(session, reading),
        )
        rows = _fill(reading, pages)
        await _find_hidden(session, reading)
        records = {(record.namespace or "", record.name): record for record in reading.queues}
        await optional(reading, "dead", follow(session, rows, records))
        reading.facts |= {
            "dead_letters": {
                address(r): r.details["dead_letter"] for r in reading.queues if "dead_letter" in r.details
            },
            "reply_queues": sum(bool(_REPLY.search(record.name)) for record in reading.queues),
            "interval_hint_s": INTERVAL_HINT_S,
        }
        add_prefetch(reading)
        reading.health = health_of(reading)
        add_gaps(reading, rows)
        add_evidence(reading, book)
        return reading

    async def depths(self, session: RabbitSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """`messages_ready` of each, as old as the server's statistics; None for a stream."""
        found: Depths = {address(record): None for record in records}
        asked = [record for record in records if record.kind != "stream"]
        # Names that a URL cannot hold are read from the list.
        dotted = any(DOTS & {record.name, record.namespace} for record in asked)
        # A server without statistics gives nothing for a single queue.
        if len(asked) <= MOST_SINGLE and not dotted and not reading.facts["stats_off"]:
            values = await asyncio.gather(*(_ready(session, record) for record in asked))
            return found | {address(record): value for record, value in zip(asked, values, strict=True)}
        pages = await _pages(session, ("name", "vhost", "messages_ready"), bool(reading.facts["stats_off"]))
        now = {f"{row.get('vhost')}/{row.get('name')}": number(row.get("messages_ready")) for row in pages.rows}
        return found | {address(record): now.get(address(record)) for record in asked}

    async def peek(self, session: RabbitSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """See `peek.py`: only with `peek = true`, for it marks the messages as redelivered.

        Raises:
            Unsupported: see there.
        """
        return await look(session, reading, request)


async def _queue_pages(session: RabbitSession, reading: BrokerReading) -> Pages:
    try:
        return await _pages(session, QUEUE, bool(reading.facts["stats_off"]))
    except Unsupported as error:
        if session.vhost is None or not str(error.facts.get("detail", "")).startswith("404"):
            raise
        raise Unsupported("rabbitmq_no_vhost", vhost=session.vhost, **error.facts) from None


async def _pages(session: RabbitSession, columns: Sequence[str], stats_off: bool) -> Pages:
    one = () if session.vhost is None else (session.vhost,)
    more = _TOTALS if stats_off else None
    return await session.pages("queues", *one, columns=columns, most=MOST_QUEUES, seconds=QUEUES_SECONDS, more=more)


def _fill(reading: BrokerReading, pages: Pages) -> list[Row]:
    """Records, consumers, counters and coverage. Gives the rows that have a record, each queue once."""
    major = number(int(reading.version.split(".")[0])) if reading.version and reading.version[:1].isdigit() else None
    counted = reading.facts["rates_mode"] not in {None, "none"} and not reading.facts["stats_off"]
    epoch = "|".join(f"{name}@{start}" for name, start in sorted(reading.facts["started"].items()))
    rows: dict[tuple[str, str], Row] = {}
    for row in pages.rows:
        record = record_of(row, major)
        # A queue that was declared or deleted while pages were read moves others to a second page.
        if record is None or (row["vhost"], row["name"]) in rows:
            continue
        rows[(row["vhost"], row["name"])] = row
        place = address(record)
        reading.queues.append(record)
        reading.consumers[place] = ConsumerView(record.consumers, "fact", "counted")
        if counted and (counters := counters_of(row, epoch)) is not None:
            reading.counters[place] = counters
    scanned = len(rows)
    reading.coverage = Coverage(
        keys=max(pages.total or 0, scanned),
        scanned=scanned,
        complete=reading.coverage.complete and pages.complete and scanned >= (pages.total or 0),
    )
    if not pages.complete:
        reading.notices.append(Texts("rabbitmq_queues_capped", {"read": scanned, "total": pages.total}))
    elif scanned < (pages.total or 0):
        reading.notices.append(Texts("rabbitmq_queues_moved", {"read": scanned, "total": pages.total}))
    return list(rows.values())


async def _find_hidden(session: RabbitSession, reading: BrokerReading) -> None:
    """Virtual hosts whose queues this user may not list: RabbitMQ leaves them out without a word."""
    shown = {record.namespace for record in reading.queues}
    empty = [vhost["name"] for vhost in reading.facts["vhosts"] or [] if vhost["name"] not in shown]
    if session.vhost is not None or not empty:
        return
    asked = empty[:MOST_VHOSTS_ASKED]
    answers = await asyncio.gather(*(_refused(session, name) for name in asked))
    refused = [name for name, no in zip(asked, answers, strict=True) if no]
    for name in refused:
        at = At(target=session.target.name, namespace=name)
        reading.gaps.append(Gap(at, "queues", Texts("rabbitmq_vhost_refused", {"vhost": name})))
    if refused or len(empty) > len(asked):
        reading.coverage.complete = False
        reading.coverage.keys = max(reading.coverage.keys or 0, reading.facts["totals"].get("queues", 0))


async def _refused(session: RabbitSession, vhost: str) -> bool:
    try:
        await session.get("queues", vhost, page="1", page_size="1", columns="name")
    except Forbidden:
        return True
    except TargetError:
        return False
    return False


async def _ready(session: RabbitSession, record: QueueRecord) -> int | None:
    try:
        row = await session.get("queues", record.namespace or "/", record.name, columns="messages_ready")
    except Unsupported:
        return None
    return number(mapping(row).get("messages_ready"))


BROKER = RabbitBroker()
