"""Celery on Redis as a framework: reads lists, unacknowledged messages, connections and workers, and joins them.

`facts` of the reading: `liveness`, `unacked`, `exchanges`, `pidbox`, `results`, `reply_queues`, `wrong_type`; built in
`tools.frameworks.celery.joining`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tools.contract import MessageSummary, QueueRecord
from tools.frameworks.celery import peek, redis_queues, results, unacked
from tools.frameworks.celery.control import Replies, ask
from tools.frameworks.celery.joining import Parts, join
from tools.frameworks.celery.layout import Layout
from tools.frameworks.celery.liveness import Liveness, liveness_of
from tools.frameworks.celery.redis_queues import Queues
from tools.frameworks.celery.results import ReplyQueues, Results
from tools.frameworks.celery.unacked import Unacked
from tools.frameworks.celery.workers import known_ids
from tools.reading import BrokerReading, Depths, EvidenceBook, FrameworkReading, Peek, address


class CeleryFramework:
    """Celery 5 with kombu's Redis transport."""

    id = "celery"

    async def read(
        self, session: Any, broker: BrokerReading, book: EvidenceBook, *, workers: bool
    ) -> list[FrameworkReading]:
        """Queues, consumers and, where asked, workers; empty when nothing of Celery is on this database."""
        queues = await redis_queues.read_queues(session, broker)
        held, found, replied = await asyncio.gather(
            unacked.read_unacked(session, queues.layout, queues.routes),
            results.read_results(session, broker.coverage.keys),
            results.read_reply_queues(session, broker.facts.get("lists", [])),
        )
        if not _anything(queues, held, found, replied):
            return []
        liveness = liveness_of(broker)
        expected = liveness.expected(len(queues.routes.workers))
        replies = await self._ask(session, broker, queues, liveness, expected) if workers else None
        abandoned, replies = await self._abandoned(session, queues, held, liveness, expected, replies)
        parts = Parts(broker, queues, held, found, replied, liveness, replies, abandoned)
        return [join(parts, book)]

    async def depths(
        self, session: Any, broker: BrokerReading, found: FrameworkReading, records: Sequence[QueueRecord]
    ) -> Depths:
        """LLEN of each queue's lists, one for each priority, in one pipeline."""
        layout = Layout(found.summary.prefix, broker.target.priority_steps)
        keys = {address(record): _lists(layout, record) for record in records}
        replies = iter(await session.run(*(("LLEN", key) for lists in keys.values() for key in lists)))
        counts = {name: [next(replies) for _ in lists] for name, lists in keys.items()}
        return {name: sum(n) if all(isinstance(one, int) for one in n) else None for name, n in counts.items()}

    async def peek(self, session: Any, broker: BrokerReading, request: Peek) -> list[MessageSummary]:
        """See `tools.frameworks.celery.peek`.

        Raises:
            Unsupported: dead messages, which Celery does not keep.
        """
        return await peek.peek(session, broker, request)

    async def _ask(
        self, session: Any, broker: BrokerReading, queues: Queues, liveness: Liveness, expected: int
    ) -> Replies | None:
        """The workers' replies; None when nobody could hear the question, or it may not be put."""
        if not broker.target.control or liveness.pubsub == 0 or not liveness.primary:
            return None
        return await ask(session, queues.layout.prefix, expected)

    async def _abandoned(
        self,
        session: Any,
        queues: Queues,
        held: Unacked,
        liveness: Liveness,
        expected: int,
        replies: Replies | None,
    ) -> tuple[list[str] | None, Replies | None]:
        """Tags of unacknowledged messages that no live worker knows; None when that cannot be told.

        The hash was read before the workers were asked, so what they finished in between is looked up once more.
        """
        if liveness.nobody:
            return [e.tag for e in held.entries], replies
        if replies is None or not (replies.complete and liveness.known):
            return None, replies
        suspects = _suspects(held, replies)
        if suspects and replies.at < held.read_monotonic:
            replies = await ask(session, queues.layout.prefix, expected, fresh=True)
            suspects = _suspects(held, replies) if replies.complete else None
        if suspects is None:
            return None, replies
        return await unacked.still_there(session, queues.layout, suspects), replies


def _anything(queues: Queues, held: Unacked, found: Results | None, replied: ReplyQueues) -> bool:
    routes = queues.routes
    traces = (queues.depth, routes.workers, routes.refused, held.total, replied.count, found and found.found)
    return any(traces)


def _lists(layout: Layout, record: QueueRecord) -> list[str]:
    steps = {*layout.steps, *(int(step) for step in record.priorities or {})}
    return [layout.key(record.name, step) for step in sorted(steps)]


def _suspects(held: Unacked, replies: Replies) -> list[str] | None:
    known = known_ids(replies)
    return None if known is None else [e.tag for e in held.entries if e.message.id not in known]


FRAMEWORK = CeleryFramework()
