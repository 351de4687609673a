"""Asks the workers themselves: Celery's remote control with a bare `Celery` application, never the user's.

A broadcast publishes, so it is only sent where somebody can hear it and the target allows it. It waits for as many
answers as it was heard by, which takes milliseconds; a worker that does not answer costs the whole time-out, once more
in one retry, and is unknown then. Everything runs in a daemon thread with socket time-outs below the tool's own.

Two things differ from a plain `app.control.inspect()`, on purpose: the mailbox publishes over the one connection opened
here (the application's producer pool would follow `CELERY_BROKER_URL` to another broker and stay open), and that
connection carries our client name, so that its BRPOP is never taken for a consumer. A third is in
`tools.frameworks.celery.quiet`: it restores and sweeps nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit, urlunsplit
from weakref import WeakKeyDictionary

from tools.blocking import DaemonExecutor, in_thread
from tools.targets import Target

COMMANDS = ("stats", "active", "reserved", "scheduled", "active_queues")
CLIENT_NAME = "queuewright"
REPLY_TIMEOUT_S = 1.0
SOCKET_TIMEOUT_S = 4.0
CONNECT_TIMEOUT_S = 3.0
# All commands with the retry; below the 10 s of a tool.
TOTAL_TIMEOUT_S = 7.0
CACHE_S = 2.0


class ControlledSession(Protocol):
    """What control needs of a session; `control_replies` is set by the stub."""

    target: Target
    control_replies: Mapping[str, Any] | None


@dataclass(frozen=True)
class Replies:
    """What the workers answered.

    Attributes:
        expected: how many had to answer: those that heard the question, and no fewer than wait for tasks.
        by_command: replies by command and node name; a node that did not answer a command is absent there. Where
            several workers have one name, its lists are joined, and `stats` are empty.
        failure: why nothing could be asked, as the client said it.
        duplicates: node names that several workers have, once for each worker beyond the first.
        heard: connections that the question reached; None where that cannot be told.
    """

    expected: int
    by_command: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: str | None = None
    duplicates: tuple[str, ...] = ()
    heard: int | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def names(self) -> list[str]:
        """Workers that answered."""
        return sorted(self.by_command.get("stats", {}))

    @property
    def answered(self) -> int:
        """How many workers answered."""
        return len(self.names) + len(self.duplicates)

    @property
    def complete(self) -> bool:
        """Every expected worker answered."""
        return self.failure is None and self.answered >= self.expected

    def of(self, command: str, node: str) -> Any:
        """A node's reply; None when it gave none, or an error."""
        reply = self.by_command.get(command, {}).get(node)
        return None if isinstance(reply, dict) and set(reply) == {"error"} else reply


@dataclass
class _Asker:
    executor: DaemonExecutor = field(default_factory=lambda: DaemonExecutor(max_workers=2))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: Replies | None = None
    question: tuple[str, int] | None = None


_ASKERS: WeakKeyDictionary[Any, _Asker] = WeakKeyDictionary()


async def ask(session: ControlledSession, prefix: str, expected: int, *, fresh: bool = False) -> Replies:
    """The replies of all workers to `COMMANDS`, at most `CACHE_S` old unless `fresh`; never raises.

    Args:
        expected: the fewest that have to answer, by the connections that wait for tasks.
    """
    if session.control_replies is not None:
        return Replies(expected, {c: dict(session.control_replies.get(c) or {}) for c in COMMANDS})
    asker = _ASKERS.setdefault(session, _Asker())
    async with asker.lock:
        last = asker.last
        if last and not fresh and asker.question == (prefix, expected) and time.monotonic() - last.at < CACHE_S:
            return last
        asker.question = (prefix, expected)
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_S):
                asker.last = await in_thread(asker.executor, _broadcast_all, session.target, prefix, expected)
        except TimeoutError:
            asker.last = Replies(expected, failure=f"no answer within {TOTAL_TIMEOUT_S:g} s")
        return asker.last


def broker_url(target: Target) -> str:
    """The target's URL in kombu's words: `valkey` is `redis` to it, a Unix socket `redis+socket`."""
    parts = urlsplit(target.url)
    user_info = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    if target.scheme == "unix":
        return f"redis+socket://{user_info}{quote(target.path)}?virtual_host={target.db}"
    scheme = "rediss" if target.scheme in {"rediss", "valkeys"} else "redis"
    host = f"[{target.host}]" if ":" in target.host else target.host or "localhost"
    return urlunsplit((scheme, f"{user_info}{host}:{target.port or 6379}", f"/{target.db}", "", ""))


def _broadcast_all(target: Target, prefix: str, expected: int) -> Replies:
    from celery import Celery
    from kombu.exceptions import KombuError
    from redis.exceptions import RedisError

    from tools.frameworks.celery.quiet import QuietMailbox, QuietTransport

    url = broker_url(target)
    app = Celery("queuewright", broker=url, set_as_current=False)
    app.control.mailbox = QuietMailbox("celery", type="fanout", accept=["json"])  # type: ignore[no-untyped-call]
    connection = app.connection_for_write(url, ssl=_tls(target), transport_options=_options(prefix))
    connection.transport_cls = QuietTransport
    try:
        with connection:
            return _collect(app.control.broadcast, connection, expected)
    except (KombuError, RedisError, OSError) as error:
        return Replies(expected, failure=f"{type(error).__name__}: {error}")


def _collect(broadcast: Callable[..., Any], connection: Any, expected: int) -> Replies:
    """`stats` of all, asked again once where one that heard is missing; the rest only of those that answered."""

    def send(command: str, limit: int | None = None, names: list[str] | None = None) -> list[Any]:
        reply = broadcast(
            command, reply=True, connection=connection, timeout=REPLY_TIMEOUT_S, limit=limit, destination=names
        )
        return reply if isinstance(reply, list) else []

    answers = send("stats")
    heard = connection.default_channel.heard or 0
    if len(answers) < heard:
        # the same worker may answer both times: names decide
        answers = max(answers, send("stats"), key=len)
    stats = _by_node(answers)
    duplicates = [name for name, given in stats.items() for _ in given[1:]]
    # one description cannot stand for two workers
    found: dict[str, dict[str, Any]] = {"stats": {n: given[0] if len(given) == 1 else {} for n, given in stats.items()}}
    for command in COMMANDS[1:] if stats else ():
        replies = _by_node(send(command, len(answers), sorted(stats)))
        found[command] = {n: _joined(g) for n, g in replies.items() if len(g) == len(stats.get(n, ()))}
    return Replies(max(expected, heard), found, duplicates=tuple(duplicates), heard=heard)


def _by_node(answers: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, reply in ((str(n), r) for answer in answers if isinstance(answer, dict) for n, r in answer.items()):
        found.setdefault(name, []).append(reply)
    return found


def _joined(replies: list[Any]) -> Any:
    """The lists of workers with one name as one list; an error of one of them is the answer of all."""
    if len(replies) == 1 or not all(isinstance(reply, list) for reply in replies):
        return next((reply for reply in replies if not isinstance(reply, list)), replies[0])
    return [row for reply in replies for row in reply]


def _options(prefix: str) -> dict[str, Any]:
    return {
        "client_name": CLIENT_NAME,
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "retry_on_timeout": False,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "global_keyprefix": prefix,
    }


def _tls(target: Target) -> dict[str, Any] | None:
    if target.scheme not in {"rediss", "valkeys"}:
        return None
    import ssl

    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_ca_certs": target.tls_ca or None}
