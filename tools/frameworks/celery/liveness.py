"""Who could consume, told by the server and not by the workers: rows of CLIENT LIST on the target's database.

A live Celery worker holds one connection that subscribes to patterns (`psub` > 0: its mailbox) and one whose last
command is BRPOP: flag `b` while it waits, `N` (or `U` on a Unix socket) while it is saturated. Rows vanish when a
worker is killed. Neither kind on the database means that nobody consumes: a fact.

On a replica the list proves nothing: workers write, so they are connected to its primary.

Our own connections carry our client name, those of control commands too, and the broker's reader leaves them out by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.contract import Evidence
from tools.frameworks.celery.wire import paste
from tools.reading import BrokerReading, EvidenceBook

# Flags of a connection that the server is about to close.
_CLOSING = {"A", "c"}


@dataclass(frozen=True)
class Liveness:
    """Connections of others on the database; None where CLIENT LIST was refused, or shows those of another server.

    Attributes:
        primary: this server is where workers connect to; None when its role could not be read.
    """

    pubsub: int | None
    brpop: int | None
    primary: bool | None = True

    @property
    def known(self) -> bool:
        """The connections of all that consume could be read."""
        return self.pubsub is not None and self.brpop is not None

    @property
    def nobody(self) -> bool:
        """No connection of a consumer on this database: a fact."""
        return self.pubsub == 0 and self.brpop == 0

    def expected(self, mailboxes: int) -> int:
        """The fewest workers that have to answer: as many as wait for tasks, and at least one.

        Mailboxes only count where no waiting connection can be seen: they outlive killed workers, two workers of one
        name share one, and a worker without remote control has none.
        """
        return max(1, self.brpop or mailboxes)


def liveness_of(broker: BrokerReading) -> Liveness:
    """The count from the rows that the broker's reader took."""
    primary = None if broker.role is None else broker.role == "master"
    rows: Sequence[Mapping[str, str]] | None = broker.facts.get("clients")
    if rows is None or not primary:
        return Liveness(None, None, primary)
    ours = [r for r in rows if r.get("db") == str(broker.target.db) and not _CLOSING & set(r.get("flags", ""))]
    return Liveness(
        pubsub=sum(1 for row in ours if _positive(row.get("psub"))),
        brpop=sum(1 for row in ours if row.get("cmd") == "brpop"),
    )


def record(liveness: Liveness, broker: BrokerReading, book: EvidenceBook) -> list[Evidence]:
    """The two counts as evidence; none where they are unknown."""
    db = broker.target.db
    command = paste(db, "CLIENT LIST")
    rows = (
        ("broker.consumer_clients", liveness.brpop, f"CLIENT LIST: db={db} cmd=brpop"),
        ("broker.pubsub_clients", liveness.pubsub, f"CLIENT LIST: db={db} psub>0"),
    )
    return [
        book.add(metric, broker.target.name, value, "connections", source, command)
        for metric, value, source in rows
        if value is not None
    ]


def _positive(value: str | None) -> bool:
    return value is not None and value.isdecimal() and int(value) > 0
