"""Conversations on disk: SQLite checkpoints per thread, and the lock that lets one process answer on a thread."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tools.errors import Conflict

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


@asynccontextmanager
async def sqlite_checkpoints(path: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The checkpoint store, WAL and NORMAL: halves what a turn pays for being durable."""
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    _prepare(path)
    async with aiosqlite.connect(path, timeout=10.0) as connection:
        await connection.execute("pragma journal_mode=wal")
        await connection.execute("pragma synchronous=normal")
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        yield saver


async def keep_latest(saver: AsyncSqliteSaver, thread_id: str) -> None:
    """Drops all but the newest checkpoint of a thread.

    Each checkpoint holds the whole state, so a long conversation would grow quadratically. A finished turn needs
    only the last one. (The saver's own `aprune` is not implemented for SQLite in langgraph-checkpoint-sqlite 3.1.)
    """
    newest = "select max(checkpoint_id) from checkpoints where thread_id = ? and checkpoint_ns = ''"
    for table in ("checkpoints", "writes"):
        statement = f"delete from {table} where thread_id = ? and checkpoint_id < ({newest})"  # noqa: S608 - own names
        await saver.conn.execute(statement, (thread_id, thread_id))
    await saver.conn.commit()


@asynccontextmanager
async def thread_lock(state_dir: Path, thread_id: str) -> AsyncIterator[None]:
    """Holds the thread's OS file lock, which dies with its process.

    Raises:
        Conflict: a live process holds it.
    """
    from filelock import FileLock, Timeout

    name = re.sub(r"[^\w.-]", "_", thread_id)[:120]
    lock = FileLock(_locks(state_dir) / f"{name}.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Conflict("thread_busy", thread=thread_id) from None
    try:
        yield
    finally:
        lock.release()


def _prepare(path: Path) -> None:
    private_folder(path.parent)
    path.touch(mode=0o600)


def _locks(state_dir: Path) -> Path:
    # one by one: `parents=True` would create the state folder itself readable for everybody
    return private_folder(private_folder(state_dir) / "locks")


def private_folder(path: Path) -> Path:
    """The folder, created for its owner alone where it is new."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
