"""Looks at tasks by listing them with their bodies: nothing is dispatched, leased or hidden.

The full view takes the permission `cloudtasks.tasks.fullView`; without it tasks are shown without URL and body, and say
which permission is missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tools.brokers.cloudtasks.errors import PERMISSIONS
from tools.brokers.cloudtasks.session import TasksSession
from tools.brokers.cloudtasks.tasks import code_name, state_of
from tools.contract import MessageState, MessageSummary
from tools.errors import Forbidden, Unsupported
from tools.payloads import summary_of
from tools.reading import Peek

PAGE = 20
# Pages looked through for tasks of the wanted state; a body may have 1 MiB.
MOST_PAGES = 5


async def look(session: TasksSession, request: Peek) -> list[MessageSummary]:
    """At most `request.limit` tasks, in the order of the service, which is any.

    `active`: dispatched without a response: running, or the response was lost.

    Raises:
        Unsupported: `dead`, which Cloud Tasks deletes.
    """
    if request.state == "dead":
        raise Unsupported("cloudtasks_no_dead", target=session.target.name, queue=request.queue)
    parent = f"{session.parent}/queues/{request.queue}"
    call = "v2.ListTasks FULL"
    found: list[MessageSummary] = []
    token: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        try:
            answer = await session.call(call, parent=parent, page_size=PAGE, **token)
        except Forbidden:
            if call == "v2.ListTasks":
                raise
            call = "v2.ListTasks"
            answer = await session.call(call, parent=parent, page_size=PAGE, **token)
        now = time.time()
        found += [_summary(t, request.state) for t in answer["tasks"] if _wanted(t, request.state, now)]
        if len(found) >= request.limit or not answer.get("next_page_token"):
            break
        token = {"page_token": answer["next_page_token"]}
    return found[: request.limit]


def _wanted(task: Mapping[str, Any], state: MessageState, now: float) -> bool:
    if state == "active":
        return (task.get("dispatch_count") or 0) > (task.get("response_count") or 0)
    return state_of(task, now) == state


def _summary(task: Mapping[str, Any], state: MessageState) -> MessageSummary:
    full = "body" in task
    body = task.get("body") or b""
    facts: dict[str, Any] = {"dispatches": task.get("dispatch_count") or 0}
    if task.get("last_code") is not None:
        facts["last"] = code_name(task["last_code"])
    if state in {"scheduled", "retry"}:
        facts["due"] = _moment(task.get("schedule_time"))
    shown = (
        summary_of(body) if full else json.dumps({"body": "withheld", "permission": PERMISSIONS["v2.ListTasks FULL"]})
    )
    return MessageSummary(
        id=str(task.get("name", "")).rpartition("/tasks/")[2] or None,
        name=f"{task.get('method')} {_place(str(task.get('url') or ''))}" if full else None,
        state=state,
        enqueued_at=_moment(task.get("create_time")),
        size_bytes=len(body) if full else None,
        summary=" ".join([shown, *(f"[{key}={value}]" for key, value in facts.items())]).strip(),
    )


def _place(url: str) -> str:
    """The URL without user-info, query and fragment, where tokens are carried."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()[:300]


def _moment(at: float | None) -> str | None:
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at is not None else None
    except (ValueError, OverflowError, OSError):
        return None
