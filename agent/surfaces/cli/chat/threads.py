"""What a conversation on disk says of its last turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.config import Config


@dataclass(frozen=True)
class LastTurn:
    """The last question; `answer` is None while the turn is unfinished."""

    question: str
    answer: str | None


async def last_turn(config: Config, thread: str) -> LastTurn | None:
    """Of that thread; None when nothing was ever asked on it."""
    from agent.checkpoints import sqlite_checkpoints

    path = config.state_dir / "threads.sqlite"
    if not path.exists():
        return None
    async with sqlite_checkpoints(path) as saver:
        found = await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
    values = found.checkpoint["channel_values"] if found else {}
    # Before its first node a turn stands in the graph's entry alone.
    values = values if "question" in values else values.get("__start__", {})
    if not values.get("question"):
        return None
    final = values.get("final")
    return LastTurn(values["question"], final["answer"] if final else None)
