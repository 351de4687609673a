"""A Redis Cluster as one Redis: commands go to the primary that has the key, each node has a pool of its own.

Which primary has which slot is asked of any node that answers, again where a node says MOVED or cannot be reached, and
at the start of every reading. A primary that is down costs the replies that it owes and no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.brokers.redis.client import RedisClient
from tools.brokers.redis.connections import Place
from tools.brokers.redis.routing import SLOTS, joined, parts_of
from tools.brokers.redis.session import Command, ReplyError, failed, text
from tools.errors import CallTimeout, TargetError, Unreachable, Unsupported
from tools.targets import Target

DEFAULT_PORT = 6_379
SEED_TIMEOUT_S = 2.0
# A reading asks for `nodes` first; several that start together ask once.
FRESH_S = 1.0


@dataclass
class _Part:
    """A command for one node, and what became of it."""

    node: str
    command: Command
    reply: Any = None


@dataclass(frozen=True)
class _Map:
    """Who has which slot: `owners` by slot, None where nobody has it."""

    nodes: list[str]
    owners: list[str | None]
    at: float

    def owner(self, slot: int) -> str:
        """The primary that has the slot; any, to be told off by it, where nobody has."""
        return self.owners[slot] or self.nodes[0]


class ClusterClient:
    """All primaries of a Cluster."""

    def __init__(self, target: Target) -> None:
        if target.db:
            raise Unsupported("redis_cluster_db", target=target.name, db=target.db)
        self._target = target
        self._seeds = [_name((host or "localhost", port or DEFAULT_PORT)) for host, port in target.hosts]
        self._clients: dict[str, RedisClient] = {}
        self._map: _Map | None = None
        self._lock = asyncio.Lock()

    @property
    def target(self) -> Target:
        """As configured."""
        return self._target

    async def nodes(self) -> list[str]:
        """`host:port` of every primary that has slots, as of now.

        Raises:
            TargetError: no node answers, or none is part of a Cluster.
        """
        return (await self._topology(time.monotonic() - FRESH_S)).nodes

    async def execute(self, commands: Sequence[Command], node: str | None = None) -> list[Any]:
        """One reply per command, in order.

        Raises:
            TargetError: none of the nodes that were asked could be reached.
        """
        if node is not None:
            return await self._client(node).execute(commands)
        topology = await self._topology(0.0)
        plan = [[_Part(*part) for part in parts_of(c, topology.nodes, topology.owner)] for c in commands]
        parts = [part for several in plan for part in several]
        await self._send(parts)
        if lost := [part for part in parts if isinstance(part.reply, TargetError)]:
            await self._send_again(lost, topology)
        if moved := [part for part in parts if failed(part.reply) and part.reply.code in {"MOVED", "ASK"}]:
            await self._follow(moved)
        _raise_where_nobody_answered(parts)
        return [
            joined(command, topology.nodes, [_reply(part) for part in several])
            for command, several in zip(commands, plan, strict=True)
        ]

    async def close(self) -> None:
        """Closes all pools."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def _send(self, parts: Sequence[_Part], *, asking: bool = False) -> None:
        """One pipeline a node, all at once; a node that fails leaves its error as the replies."""
        by_node: dict[str, list[_Part]] = {}
        for part in parts:
            by_node.setdefault(part.node, []).append(part)

        async def one(node: str, own: list[_Part]) -> None:
            try:
                replies = await self._client(node).execute([part.command for part in own], asking=asking)
            except TargetError as error:
                replies = [error] * len(own)
            for part, reply in zip(own, replies, strict=True):
                part.reply = reply

        await asyncio.gather(*(one(node, own) for node, own in by_node.items()))

    async def _send_again(self, lost: Sequence[_Part], before: _Map) -> None:
        """Once, to those that have the slots of a lost node by now, where somebody else has."""
        now = await self._topology(time.monotonic())
        moved: list[_Part] = []
        for part in lost:
            slots = [slot for slot, owner in enumerate(before.owners) if owner == part.node]
            heirs = {now.owners[slot] for slot in slots} - {part.node, None}
            if len(heirs) == 1:
                part.node = str(heirs.pop())
                moved.append(part)
        await self._send(moved)

    async def _follow(self, parts: Sequence[_Part]) -> None:
        """MOVED and ASK, once: the error names the node (`MOVED 3999 127.0.0.1:6381`)."""
        groups: dict[bool, list[_Part]] = {False: [], True: []}
        for part in parts:
            words = str(part.reply).split(" ")
            host, _, port = words[-1].rpartition(":")
            # An empty host means the one that was asked.
            part.node = _name((host or part.node.rpartition(":")[0], int(port)))
            groups[words[0] == "ASK"].append(part)
        if groups[False]:
            await self._topology(time.monotonic())
        for asking, own in groups.items():
            await self._send(own, asking=asking)

    def _client(self, node: str) -> RedisClient:
        if node not in self._clients:
            self._clients[node] = RedisClient(self._target, _place(node))
        return self._clients[node]

    async def _topology(self, since: float) -> _Map:
        """Who has which slot, by an answer that is not older."""
        async with self._lock:
            if self._map is None or self._map.at < since:
                self._map = await self._asked()
                for gone in set(self._clients) - set(self._map.nodes) - set(self._seeds):
                    await self._clients.pop(gone).close()
            return self._map

    async def _asked(self) -> _Map:
        """The map by the first node that gives one; known primaries before the ones of the URL."""
        known = self._map.nodes if self._map else []
        errors: list[TargetError] = []
        for node in dict.fromkeys([*known, *self._seeds]):
            try:
                async with asyncio.timeout(SEED_TIMEOUT_S):
                    reply = (await self._client(node).execute([("CLUSTER", "SLOTS")]))[0]
            except TimeoutError:
                errors.append(
                    CallTimeout("call_timeout", target=self._target.name, call="CLUSTER SLOTS", seconds=SEED_TIMEOUT_S)
                )
                continue
            except TargetError as error:
                errors.append(error)
                continue
            if failed(reply):
                errors.append(self._refused(reply))
            elif found := _read(reply, node):
                return found
        raise errors[0] if errors else self._refused(ReplyError("ERR no node has slots"))

    def _refused(self, reply: ReplyError) -> TargetError:
        return Unsupported("redis_not_cluster", target=self._target.name, call="CLUSTER SLOTS", detail=str(reply))


def _read(reply: Any, asked: str) -> _Map | None:
    """CLUSTER SLOTS: rows of first slot, last slot, primary (host, port, …), replicas. None when nobody has a slot."""
    owners: list[str | None] = [None] * SLOTS
    for first, last, primary, *_replicas in reply:
        host = text(primary[0] or b"")
        node = _name((host if host not in {"", "?"} else asked.rpartition(":")[0], int(primary[1])))
        owners[int(first) : int(last) + 1] = [node] * (int(last) + 1 - int(first))
    nodes = sorted({owner for owner in owners if owner is not None})
    return _Map(nodes, owners, time.monotonic()) if nodes else None


def _raise_where_nobody_answered(parts: Sequence[_Part]) -> None:
    errors = [part.reply for part in parts if isinstance(part.reply, TargetError)]
    if errors and (len(errors) == len(parts) or not all(isinstance(e, (Unreachable, CallTimeout)) for e in errors)):
        raise errors[0]


def _reply(part: _Part) -> Any:
    """A node that cannot be reached is the error of the commands that it owes a reply to."""
    if isinstance(part.reply, TargetError):
        return ReplyError(f"CLUSTERDOWN {part.node} cannot be reached: {part.reply.facts.get('detail', '')}")
    return part.reply


def _name(place: Place) -> str:
    return f"{place[0]}:{place[1]}"


def _place(node: str) -> Place:
    host, _, port = node.rpartition(":")
    return host, int(port)
