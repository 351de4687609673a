"""The sample store: what inspections and measurements saw, so that rates need no waiting.

Keyed by the endpoint's fingerprint, never by URL. Samples older than a day are dropped.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

KEEP_S = 86_400.0

_SCHEMA = """
create table if not exists sample (
  target text not null, framework text not null, queue text not null, metric text not null,
  value real not null, at real not null
);
create index if not exists sample_by_queue on sample (target, framework, queue, metric, at);
"""


@dataclass(frozen=True)
class Sample:
    """One value of one metric of one queue. `at` is Unix time in seconds."""

    framework: str
    queue: str
    metric: str
    value: float
    at: float


class SampleStore:
    """SQLite in WAL mode; several processes may write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, target: str, samples: Iterable[Sample]) -> None:
        """Appends samples of one target (its fingerprint) and drops those older than a day."""
        rows = [(target, s.framework, s.queue, s.metric, s.value, s.at) for s in samples]
        if not rows:
            return
        with closing(self._connect()) as db, db:
            db.executemany("insert into sample values (?, ?, ?, ?, ?, ?)", rows)
            db.execute("delete from sample where at < ?", (time.time() - KEEP_S,))

    def since(self, target: str, at: float) -> list[Sample]:
        """All samples of a target from `at` on, oldest first; none when the store was never written."""
        if not self.path.exists():
            return []
        query = "select framework, queue, metric, value, at from sample where target = ? and at >= ? order by at"
        with closing(self._connect()) as db:
            return [Sample(*row) for row in db.execute(query, (target, at))]

    def _connect(self) -> sqlite3.Connection:
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = sqlite3.connect(self.path, timeout=2.0)
        if new:
            self.path.chmod(0o600)
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=normal")
        db.executescript(_SCHEMA)
        return db
