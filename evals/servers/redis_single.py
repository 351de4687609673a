"""One Redis or Valkey on a free loopback port with a folder that goes away with it: plain, TLS, user, Unix socket."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis

from evals.servers.process import ProcessServer, free_ports
from evals.servers.redis_parts import START_S, Program, certificate, info_of, program_path, run


class RedisServer(ProcessServer):
    """`with RedisServer() as server:` one running node.

    Args:
        settings: further options of the command line, such as `"--maxmemory", "10mb"`.
        password: `requirepass`.
        unix: a Unix socket and no TCP port; `url` names the socket.
        tls: TLS only, with a certificate made on the spot; `ca` is the file that a client has to trust.

    Attributes:
        url: of the server, database 0. port: 0 with a Unix socket. socket, ca: paths.
    """

    NAME = "Redis"
    TRIES = 3

    def __init__(
        self,
        *,
        program: Program = "redis",
        settings: Sequence[str] = (),
        password: str | None = None,
        unix: bool = False,
        tls: bool = False,
        sentinel: str | None = None,
    ) -> None:
        super().__init__()
        self._program, self._settings, self.password = program, tuple(settings), password
        self._unix, self._tls, self._sentinel = unix, tls, sentinel

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Database 0."""
        user_info = f":{self.password}@" if self.password else ""
        if self._unix:
            return f"unix://{user_info}{self.socket}"
        return f"{'rediss' if self._tls else 'redis'}://{user_info}{self.address}/0"

    def client(self, **options: Any) -> redis.Redis:
        """A client of redis-py."""
        where: dict[str, Any] = {"host": "127.0.0.1", "port": self.port}
        if self._unix:
            where = {"unix_socket_path": str(self.socket)}
        if self._tls:
            where |= {"ssl": True, "ssl_ca_certs": str(self.ca)}
        return redis.Redis(**{"password": self.password, "socket_timeout": 5, "protocol": 2, **where, **options})

    def info(self) -> dict[str, Any]:
        """INFO, as redis-py reads it."""
        with self.client() as client:
            return info_of(client)

    def crash(self) -> None:
        """Ends it at once; the folder stays until `stop`."""
        self._kill()

    def _start(self) -> None:
        self._path = program_path(self._program)
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-redis-"))
        self.socket, self.ca = self.folder / "redis.sock", self.folder / "ca.pem"
        if self._tls:
            certificate(self.folder)
        port, self.bus_port = free_ports(2)
        self.port = 0 if self._unix else port
        process = self._run(self._command())
        with self.client() as client:
            self._wait(lambda: _answers(client, process.pid), START_S)

    def _command(self) -> list[str]:
        if self._sentinel is not None:
            file = self.folder / "sentinel.conf"
            file.write_text(self._sentinel)
            return [self._path, str(file), "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1"]
        command = [self._path, "--save", "", "--appendonly", "no", "--dir", str(self.folder), "--bind", "127.0.0.1"]
        command += ["--port", "0" if self._tls else str(self.port)]
        if self._unix:
            command += ["--unixsocket", str(self.socket)]
        if self._tls:
            command += ["--tls-port", str(self.port), "--tls-auth-clients", "no", "--tls-ca-cert-file", str(self.ca)]
            command += ["--tls-cert-file", str(self.ca), "--tls-key-file", str(self.folder / "key.pem")]
        if self.password:
            command += ["--requirepass", self.password, "--masterauth", self.password]
        if "--cluster-enabled" in self._settings:
            command += ["--cluster-port", str(self.bus_port)]
        return [*command, *self._settings]


def _answers(client: redis.Redis, pid: int) -> bool:
    """It answers, and it is not another server that took the port first."""
    with suppress(redis.RedisError, OSError):
        return int(info_of(client)["process_id"]) == pid
    return False


class RedisUser(RedisServer):
    """A server with one more user, who may only do what `rules` say (such as `+info`, `~jobs:*`)."""

    def __init__(self, *rules: str, program: Program = "redis") -> None:
        super().__init__(program=program)
        self.user, self.user_password, self._rules = "watcher", "password-of-watcher", rules

    def _start(self) -> None:
        super()._start()
        with self.client() as client:
            run(client, "ACL", "SETUSER", self.user, "on", f">{self.user_password}", *self._rules)

    @property
    def url(self) -> str:
        """Of that user."""
        return f"redis://{self.user}:{self.user_password}@{self.address}/0"
