r"""A Redis that stands in memory, for evals and tests: the same session, the same commands, no server.

It passes the same contract suite as a real server and never proves that the client works. A target names its file as
`redis+stub:///path/world.yaml` (absolute, else relative to the working directory). Everything below is optional;
unknown words are an error.

```yaml
fail: unreachable              # or timeout, auth_failed, forbidden: every command ends so
deny: [CLIENT LIST]            # commands that the server refuses (NOPERM)
info: {maxmemory: 1000000}     # fields of INFO that differ from a healthy server's
keys:                          # raw keys; type: string list set hash zset
  cache:1: {type: string, value: x, ttl_s: 60}
config: {save: "3600 1"}       # what CONFIG GET answers
slow_log:                      # what SLOWLOG GET answers, newest first
  - {command: [KEYS, "*"], ms: 120, age_s: 60, client: ""}
streams:
  orders:
    length: 1000               # entries, and before the given ones; all groups together saw or will see them
    age_s: 3600                # of the oldest; the others are spread up to now
    growth_per_s: 2            # entries added
    entries: [{data: "{}"}]    # the newest, as fields; the last one is the newest
    groups:
      billing:
        lag: 100               # entries not delivered to it
        consumers:             # what they hold was delivered last
          c1: {pending: 3, idle_s: 12, inactive_s: 20, deliveries: 1}
clients:                       # rows of CLIENT LIST that no worker below explains
  - {cmd: brpop, flags: b, psub: 0, db: 0, name: ""}
control_replies:               # replaces what the workers below answer, by command and node name
  active: {celery@w1: []}
celery:
  prefix: ""                   # kombu's global_keyprefix
  queues:
    mail:
      ready: 10000             # in the list of priority 0
      priorities: {3: 20}      # in the other lists
      growth_per_s: 2.5        # of priority 0; below zero it drains
      exchange: mail           # routing_key too; both default to the queue's name
      declared: true           # false: the list without a binding
      wrong_type: false        # true: the key is a string
      task: app.tasks.work
      messages:                # next to be consumed first, before the `ready` ones; a string is a raw list item
        - {task: app.tasks.mail, id: x1, args: [1], kwargs: {to: ann}, retries: 1, eta_s: 60, pickle: false}
  workers:
    - name: celery@w1
      queues: [mail]
      concurrency: 4
      active: 2                # or jobs: [{name, id, queue, runtime_s, late: true}]; late: still in `unacked`
      reserved: 8              # prefetched: these stand in `unacked`
      scheduled: 1             # wait for their time an hour from now: in `unacked` too
      prefetch_count: 16       # default four for each process
      pool: prefork
      uptime_s: 3600
      total: {app.tasks.work: 900}
      completes_per_s: 0       # by which `total` grows
      connected: true          # false: killed; only its mailbox is left
      answers: true            # false: connected and silent
      saturated: false         # true: its BRPOP connection shows flag N
  unacked:                     # deliveries; without `worker` nobody knows of them
    - {queue: mail, count: 3, eta_s: 600, retries: 2, age_s: 30, task: app.tasks.work, worker: celery@w1}
  results: {count: 500, without_ttl: 0, bytes: 200}
  reply_queues: {count: 0, without_ttl: 0}
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tools.brokers.redis.session import Command, RedisSession, ReplyError, name_of
from tools.brokers.redis.stub_celery import StubCelery, WorkerReplies
from tools.brokers.redis.stub_commands import answer
from tools.brokers.redis.stub_keys import Client, KeySpace, Slow
from tools.brokers.redis.stub_streams import Stream, StubStream
from tools.errors import AuthFailed, CallTimeout, Forbidden, TargetError, Unreachable
from tools.stubs import World
from tools.targets import Target


class StubKey(BaseModel):
    """One raw key."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["string", "list", "set", "hash", "zset"]
    value: Any
    ttl_s: float | None = None


class StubClient(BaseModel):
    """One row of CLIENT LIST."""

    model_config = ConfigDict(extra="forbid")

    cmd: str = "get"
    flags: str = "N"
    psub: int = 0
    db: int = 0
    name: str = ""


class StubSlow(BaseModel):
    """One entry of SLOWLOG."""

    model_config = ConfigDict(extra="forbid")

    command: list[str]
    ms: float
    age_s: float = 60.0
    client: str = ""


class StubDocument(BaseModel):
    """The file; see the top of this module."""

    model_config = ConfigDict(extra="forbid")

    fail: Literal["unreachable", "timeout", "auth_failed", "forbidden"] | None = None
    deny: list[str] = []
    info: dict[str, str | int | float] = {}
    keys: dict[str, StubKey] = {}
    config: dict[str, str] = {"save": ""}
    slow_log: list[StubSlow] = []
    streams: dict[str, StubStream] = {}
    clients: list[StubClient] = []
    control_replies: dict[str, Any] = {}
    celery: StubCelery | None = None


class StubTransport:
    """Answers from the key space."""

    def __init__(self, target: Target, document: StubDocument) -> None:
        self._target = target
        self._fail = document.fail
        self._deny = tuple(d.upper().split() for d in document.deny)
        self.space = KeySpace(target.db, info={k: str(v) for k, v in document.info.items()}, config=document.config)

    @property
    def target(self) -> Target:
        """As configured."""
        return self._target

    async def nodes(self) -> list[str]:
        """One server."""
        return [""]

    async def execute(self, commands: Sequence[Command], node: str | None = None) -> list[Any]:
        """One reply per command.

        Raises:
            TargetError: as `fail` says.
        """
        if self._fail:
            raise self._failure(name_of(commands[0]))
        return [self._one(command) for command in commands]

    async def close(self) -> None:
        """Nothing to give back."""

    def _one(self, command: Command) -> Any:
        words = [str(part).upper() for part in command[:2]]
        if any(words[: len(denied)] == denied for denied in self._deny):
            return ReplyError(f"NOPERM User default has no permissions to run the '{words[0].lower()}' command")
        return answer(self.space, command)

    def _failure(self, call: str) -> TargetError:
        facts: dict[str, Any] = {"target": self._target.name, "call": call}
        if self._fail == "timeout":
            return CallTimeout("call_timeout", seconds=5.0, **facts)
        if self._fail == "auth_failed":
            return AuthFailed(detail="WRONGPASS invalid username-password pair or user is disabled.", **facts)
        if self._fail == "forbidden":
            return Forbidden(detail="NOPERM User default has no permissions to run this command", **facts)
        return Unreachable(detail="Connection refused", **facts)


def open_stub(target: Target) -> RedisSession:
    """A session over the key space that the target's YAML file describes.

    Raises:
        Unsupported: the file is missing, or says what this stub does not know.
    """
    return _session(target, World(target, StubDocument).current())


def stub_session(target: Target, document: Mapping[str, Any]) -> RedisSession:
    """The same from a mapping, for tests in code.

    Raises:
        Unsupported: the mapping says what this stub does not know.
    """
    return _session(target, World(target, StubDocument, document).current())


def _session(target: Target, parsed: StubDocument) -> RedisSession:
    transport = StubTransport(target, parsed)
    for name, key in parsed.keys.items():
        transport.space.put(name, key.type, key.value, key.ttl_s)
    for name, stream in parsed.streams.items():
        transport.space.put(name, "stream", Stream(stream))
    transport.space.slow_log += [Slow(**row.model_dump()) for row in parsed.slow_log]
    transport.space.clients += [Client(**row.model_dump()) for row in parsed.clients]
    replies = WorkerReplies(parsed.celery, parsed.control_replies)
    if parsed.celery:
        parsed.celery.expand(transport.space)
    return RedisSession(transport, replies)
