"""Redis behind Sentinel: asks the sentinels who the primary is, and again whenever it may have changed.

`redis+sentinel://:password@h1:p,h2:p/mymaster/0`. User and password are those of the data servers; a sentinel is asked
without them first, and with them where it wants some. Only `SENTINEL get-master-addr-by-name` and `SENTINEL master` are
ever sent to one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from tools.brokers.redis.client import RedisClient
from tools.brokers.redis.connections import Place, uses_tls
from tools.brokers.redis.session import Command, ReplyError, failed, text
from tools.errors import AuthFailed, CallTimeout, TargetError, Unreachable, Unsupported
from tools.targets import Target

DEFAULT_PORT = 26_379
ASK_TIMEOUT_S = 2.0
# An answer is believed for so long; a connection that breaks ends it at once.
BELIEVED_S = 1.0
# For those that are slower than half of them.
GRACE_S = 0.2


class SentinelClient:
    """The client of whoever is the primary now."""

    def __init__(self, target: Target) -> None:
        self._configured = target
        self.group = unquote(target.path.strip("/").partition("/")[0])
        if not self.group:
            raise Unsupported("redis_sentinel_group", target=target.name)
        places = [(host or "localhost", port or DEFAULT_PORT) for host, port in target.hosts]
        # The database is the data servers'; a sentinel has none.
        bare = replace(target, db=0)
        self._sentinels = {place: (_sentinel(bare, place, login=False), _sentinel(bare, place)) for place in places}
        self._place: Place | None = None
        self._client: RedisClient | None = None
        self._asked = 0.0
        self._lock = asyncio.Lock()

    @property
    def target(self) -> Target:
        """The primary that was found last; as configured before the first call."""
        return self._configured if self._place is None else _direct(self._configured, self._place)

    async def nodes(self) -> list[str]:
        """One server."""
        return [""]

    async def execute(self, commands: Sequence[Command], node: str | None = None) -> list[Any]:
        """To the primary; where it is gone, once more to the one that the sentinels name by now.

        Raises:
            TargetError: no sentinel answers, none knows the group, or the primary does not answer.
        """
        client, place = await self._primary(since=time.monotonic() - BELIEVED_S)
        try:
            return await client.execute(commands)
        except (Unreachable, CallTimeout) as error:
            now, found = await self._primary(since=time.monotonic())
            if found == place and isinstance(error, CallTimeout):
                raise
            return await now.execute(commands)

    async def close(self) -> None:
        """Closes all pools."""
        clients = [client for pair in self._sentinels.values() for client in pair]
        for client in [*clients, *([self._client] if self._client else [])]:
            await client.close()

    async def _primary(self, since: float) -> tuple[RedisClient, Place]:
        """The client of the primary by an answer that is not older."""
        async with self._lock:
            if self._client is None or self._place is None or self._asked < since:
                place = await self._resolve()
                self._asked = time.monotonic()
                if self._client is None or place != self._place:
                    if self._client is not None:
                        await self._client.close()
                    self._place, self._client = place, RedisClient(self._configured, place)
            return self._client, self._place

    async def _resolve(self) -> Place:
        """The newest answer. Sentinels learn of a fail-over one after the other, each with its epoch.

        All are asked at once; one that hangs is not waited for much longer than the half of them that answers first.
        """
        asked = [asyncio.create_task(self._ask(place)) for place in self._sentinels]
        grace: float | None = None
        pending = set(asked)
        try:
            while pending:
                done, pending = await asyncio.wait(pending, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    break
                if 2 * sum(1 for task in asked if task.done() and task.exception() is None) > len(asked):
                    grace = GRACE_S
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        answers = [task.result() for task in asked if task not in pending and task.exception() is None]
        if known := [answer for answer in answers if answer is not None]:
            return max(known)[1]
        errors = [error for task in asked if task not in pending and isinstance(error := task.exception(), TargetError)]
        raise self._nobody(bool(answers), errors)

    async def _ask(self, place: Place) -> tuple[int, Place] | None:
        """The epoch and the address of the primary; None where that sentinel does not know the group."""
        plain, with_login = self._sentinels[place]
        commands = [("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.group), ("SENTINEL", "MASTER", self.group)]
        try:
            address, about = await plain.execute(commands)
        except AuthFailed as error:
            address = about = ReplyError(f"NOAUTH {error.facts.get('detail', '')}")
        if failed(address) and address.code == "NOAUTH":
            address, about = await with_login.execute(commands)
        if failed(address):
            facts = {"target": self._configured.name, "call": " ".join(commands[0]), "detail": str(address)}
            denied = address.code in {"NOAUTH", "NOPERM"}
            raise AuthFailed(**facts) if denied else Unsupported("redis_not_sentinel", **facts)
        if address is None:
            return None
        row = {} if failed(about) else dict(zip(map(text, about[::2]), map(text, about[1::2]), strict=False))
        return int(row.get("config-epoch", "0")), (text(address[0]), int(address[1]))

    def _nobody(self, answered: bool, errors: list[TargetError]) -> TargetError:
        call = f"SENTINEL get-master-addr-by-name {self.group}"
        if answered:
            return Unsupported("redis_sentinel_unknown", target=self._configured.name, group=self.group, call=call)
        if other := [error for error in errors if not isinstance(error, (Unreachable, CallTimeout))]:
            return other[0]
        detail = "; ".join(dict.fromkeys(str(error.facts.get("detail", "")) for error in errors))
        return Unreachable("redis_sentinels_unreachable", target=self._configured.name, call=call, detail=detail)


def _sentinel(target: Target, place: Place, *, login: bool = True) -> RedisClient:
    return RedisClient(target, place, login=login, limit_s=ASK_TIMEOUT_S)


def _direct(target: Target, place: Place) -> Target:
    """The same target as if its URL named that server."""
    host, port = place
    user_info = urlsplit(target.url).netloc.rpartition("@")[0]
    netloc = f"{user_info}@" if user_info else ""
    netloc += f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    scheme = "rediss" if uses_tls(target) else "redis"
    url = urlunsplit((scheme, netloc, f"/{target.db}", "", ""))
    return replace(
        target, scheme=scheme, url=url, host=host, port=port, hosts=((host, port),), path=f"/{target.db}", query={}
    )
