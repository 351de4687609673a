"""Reads a Kafka cluster as a broker: a record for each topic, and the same lag again, cheaply, for a measurement."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tools.brokers.kafka.lag import lag_of, logs_of
from tools.brokers.kafka.peeking import peek
from tools.brokers.kafka.records import topics_of
from tools.brokers.kafka.report import report
from tools.brokers.kafka.session import Failure, KafkaSession, Spot
from tools.brokers.kafka.survey import settle, survey
from tools.contract import MessageSummary, QueueRecord
from tools.reading import BrokerReading, Depths, EvidenceBook, Peek, address
from tools.targets import Target

_UNREAD = Failure("UNREAD", "")


class KafkaBroker:
    """Apache Kafka and what speaks its protocol."""

    id = "kafka"

    async def open(self, target: Target) -> KafkaSession:
        """A session; nothing is sent yet.

        Raises:
            Unsupported: the URL asks for a log-in that is not known here.
        """
        if target.scheme == "kafka+stub":
            from tools.brokers.kafka.stub import open_stub

            return open_stub(target)
        from tools.brokers.kafka.client import KafkaClient

        return KafkaSession(target, KafkaClient(target))

    async def ping(self, session: KafkaSession) -> None:
        """One question.

        Raises:
            TargetError: unreachable, time-out, wrong password, not Kafka.
        """
        await session.ask.cluster()

    async def read(self, session: KafkaSession, book: EvidenceBook) -> BrokerReading:
        """Topics, groups and lag; `report` documents the facts, `records` the details.

        Raises:
            TargetError: brokers, topics or the ends of their logs could not be read.
        """
        found = await survey(session)
        topics = topics_of(found)
        ahead = [name for name, one in topics.items() if any(lag.ahead for lag in one.lags.values())]
        if ahead:
            await settle(session, found, [spot for spot in found.spots if spot[0] in ahead])
            topics = topics_of(found)
        return report(session.target, found, topics, book)

    async def depths(self, session: KafkaSession, reading: BrokerReading, records: Sequence[QueueRecord]) -> Depths:
        """Ends and commits again, of these topics and the groups that were seen on them; starts as they were.

        Raises:
            TargetError: nothing could be read.
        """
        known = reading.facts["partitions"]
        groups = {row["group"] for record in records for row in record.details.get("groups", ())}
        spots: list[Spot] = [
            (r.name, number)
            for r in records
            for number, one in known.get(r.name, {}).items()
            if one["leader"] is not None
        ]
        answers, commits = await asyncio.gather(
            session.ask.offsets(spots, "end"), session.ask.committed(sorted(groups))
        )
        ends = {spot: offset for spot, offset in answers.items() if not isinstance(offset, Failure)}
        depths: Depths = {}
        for record in records:
            numbers = known.get(record.name, {})
            starts = {(record.name, n): one["start"] for n, one in numbers.items() if one["start"] is not None}
            logs = logs_of(record.name, numbers, starts, ends)
            lags: list[int | None] = []
            for row in record.details.get("groups", ()):
                found = commits.get(row["group"], _UNREAD)
                lags.append(None if isinstance(found, Failure) else lag_of(logs, found.get(record.name, {})).lag)
            known_lags = [lag for lag in lags if lag is not None]
            depths[address(record)] = max(known_lags) if lags and len(known_lags) == len(lags) else None
        return depths

    async def peek(self, session: KafkaSession, reading: BrokerReading, request: Peek) -> list[MessageSummary]:
        """Messages that the largest group reads next; the newest ones of a topic without a group.

        Raises:
            Unsupported: another state than `ready`.
            TargetError: the messages could not be read.
        """
        return await peek(session, reading, request)


BROKER = KafkaBroker()
