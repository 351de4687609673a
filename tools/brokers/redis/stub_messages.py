"""Messages of the stub's Celery, as kombu's Redis transport writes them."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

_IDS = uuid.UUID("6f1d3b1e-8f0a-4a55-9d5b-2f1a3c4d5e6f")
DEFAULT_TASK = "app.tasks.work"
# A pickled ((1,), {}): the reader must never open it.
_PICKLE = base64.b64encode(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00K\x01\x85\x94}\x94\x86\x94.").decode()


class StubMessage(BaseModel):
    """One message; `eta_s` from now."""

    model_config = ConfigDict(extra="forbid")

    task: Any = DEFAULT_TASK
    id: str | None = None
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    retries: int = 0
    eta_s: float | None = None
    pickle: bool = False


def message(queue: str, given: StubMessage, exchange: str, seed: str) -> str:
    """A task message as kombu's Redis transport writes it (message protocol 2)."""
    identity = given.id or uuid_of(seed)
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    plain = base64.b64encode(json.dumps([given.args, given.kwargs, embed]).encode()).decode()
    return json.dumps(
        {
            "body": _PICKLE if given.pickle else plain,
            "content-encoding": "binary" if given.pickle else "utf-8",
            "content-type": "application/x-python-serialize" if given.pickle else "application/json",
            "headers": {
                "lang": "py", "task": given.task, "id": identity, "root_id": identity, "parent_id": None,
                "eta": None if given.eta_s is None else iso(given.eta_s), "expires": None, "retries": given.retries,
                "origin": "gen1@stub",
            },
            "properties": {
                "correlation_id": identity, "delivery_mode": 2, "priority": 0, "body_encoding": "base64",
                "delivery_info": {"exchange": exchange, "routing_key": queue},
                "delivery_tag": uuid_of(f"tag/{identity}"),
            },
        }
    )  # fmt: skip


def uuid_of(seed: str) -> str:
    """The same id for the same seed."""
    return str(uuid.uuid5(_IDS, seed))


def iso(seconds: float) -> str:
    """The time that many seconds from now, ISO 8601 in UTC."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
