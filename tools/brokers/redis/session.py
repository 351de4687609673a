"""An open Redis. Every reader goes through `RedisSession.run`, which lets only reading commands pass.

`run` sends one pipeline and gives one reply per command; an error that concerns one command (a wrong type, a missing
permission) is that command's reply, an error that concerns the connection is raised. On a Cluster the pipeline is split
by the node that has the key (`tools.brokers.redis.routing` says what becomes of commands without a key).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeGuard

from tools.errors import AuthFailed, Forbidden, Unsupported
from tools.targets import Target

Command = tuple[str | int | float | bytes, ...]

# The only commands that a session sends: none of them changes a key, its time to live or a client.
READING = frozenset(
    """
    CLIENT CLUSTER CONFIG DBSIZE EXISTS GET HGET HGETALL HLEN HMGET HSCAN HSTRLEN HVALS INFO LINDEX LLEN LRANGE MEMORY
    MGET PING PTTL PUBSUB RANDOMKEY SCAN SCARD SISMEMBER SLOWLOG SMEMBERS SSCAN STRLEN TIME TTL TYPE XINFO XLEN XPENDING
    XRANGE XREVRANGE ZCARD ZCOUNT ZRANGE ZRANGEBYSCORE ZSCAN ZSCORE
    """.split()  # noqa: SIM905 - a list of ninety strings reads worse
)
_READING_SUBCOMMANDS = {
    "CLIENT": {"LIST", "ID", "INFO"},
    "CLUSTER": {"INFO", "SLOTS", "SHARDS", "NODES", "MYID"},
    "CONFIG": {"GET"},
    "MEMORY": {"USAGE"},
    "PUBSUB": {"NUMSUB", "NUMPAT", "CHANNELS"},
    "SLOWLOG": {"GET", "LEN"},
}


class ReplyError(Exception):
    """The server's error to one command, without a traceback of ours. `code` is its first word, such as WRONGTYPE."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = message.split(" ", 1)[0]


class RedisTransport(Protocol):
    """What sends commands: the client of one server, of Sentinel or of a Cluster, or the stub.

    Attributes:
        target: as configured; with Sentinel the primary's own address, for whoever needs a connection of their own.
    """

    @property
    def target(self) -> Target: ...  # noqa: D102 - said above

    async def nodes(self) -> list[str]:
        """Names of the servers that hold the keys: the primaries of a Cluster, else one."""
        ...

    async def execute(self, commands: Sequence[Command], node: str | None = None) -> list[Any]:
        """One reply per command, errors of one command as `ReplyError`. Raises TargetError for the rest.

        Args:
            node: sends all of them there, whoever has the key.
        """
        ...

    async def close(self) -> None:
        """Gives connections back."""
        ...


class RedisSession:
    """One target's connections.

    Attributes:
        control_replies: set by the stub only: what Celery's control commands would answer, by command.
        unfinished: what a key scan left undone, for the next one to go on with (`tools.brokers.redis.keyspace`).
    """

    system = "redis"

    def __init__(self, transport: RedisTransport, control_replies: Mapping[str, Any] | None = None) -> None:
        self.control_replies = control_replies
        self.unfinished: Any = None
        self._transport = transport

    @property
    def target(self) -> Target:
        """As configured; with Sentinel it names the primary that was found last."""
        return self._transport.target

    @property
    def clustered(self) -> bool:
        """Whether keys are spread over several primaries."""
        return self.target.scheme == "redis+cluster"

    async def nodes(self) -> list[str]:
        """Names of the servers that hold the keys, for `run_on`.

        Raises:
            TargetError: as `run`.
        """
        return await self._transport.nodes()

    async def run(self, *commands: Command) -> list[Any]:
        """One pipeline.

        Raises:
            ValueError: a command that does not only read (a defect of ours).
            TargetError: unreachable, time-out, wrong password, not Redis.
        """
        return await self._run(None, commands)

    async def run_on(self, node: str, *commands: Command) -> list[Any]:
        """The same, all of it to one of `nodes`."""
        return await self._run(node, commands)

    async def _run(self, node: str | None, commands: Sequence[Command]) -> list[Any]:
        for command in commands:
            _assert_reading(command)
        if not commands:
            return []
        replies = await self._transport.execute(commands, node)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, ReplyError) and reply.code in {"NOAUTH", "WRONGPASS"}:
                raise AuthFailed(target=self.target.name, call=name_of(command), detail=str(reply))
        return replies

    async def one(self, *command: str | int | float | bytes) -> Any:
        """One command whose failure is an error of the call.

        Raises:
            TargetError: also when the server refused this command.
        """
        reply = (await self.run(command))[0]
        if isinstance(reply, ReplyError):
            kind = Forbidden if reply.code == "NOPERM" else Unsupported
            raise kind("reply_error", target=self.target.name, call=name_of(command), detail=str(reply))
        return reply

    async def close(self) -> None:
        """Gives the connections back."""
        await self._transport.close()


def failed(reply: Any) -> TypeGuard[ReplyError]:
    """Whether a reply is the server's error to that one command."""
    return isinstance(reply, ReplyError)


def name_of(command: Command) -> str:
    """The command as a person would type it."""
    return " ".join(text(part) for part in command)


def text(value: object) -> str:
    """Bytes of a key or value as text; bytes that are not UTF-8 survive the way back (surrogate escapes)."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _assert_reading(command: Command) -> None:
    name = str(command[0]).upper()
    sub = _READING_SUBCOMMANDS.get(name)
    if name not in READING or (sub is not None and str(command[1]).upper() not in sub):
        raise ValueError(f"not a reading command: {name}")
