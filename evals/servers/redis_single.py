"""One Redis or Valkey on a free loopback port with a folder that goes away with it: plain, TLS, user, Unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import redis

from evals.servers.redis_parts import Program, certificate, free_port, info_of, program_path, run, wait_for

TRIES = 3


class RedisServer:
    """`with RedisServer() as server:` one running node.

    Args:
        settings: further options of the command line, such as `"--maxmemory", "10mb"`.
        password: `requirepass`.
        unix: a Unix socket and no TCP port; `url` names the socket.
        tls: TLS only, with a certificate made on the spot; `ca` is the file that a client has to trust.

    Attributes:
        url: of the server, database 0. port: 0 with a Unix socket. socket, ca: paths.
    """

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
        self._program, self._settings, self.password = program, tuple(settings), password
        self._unix, self._tls, self._sentinel = unix, tls, sentinel
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self._path = program_path(self._program)
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-redis-"))
        self.socket, self.ca = self.folder / "redis.sock", self.folder / "ca.pem"
        if self._tls:
            certificate(self.folder)
        # a free port may be taken by somebody else before the server listens on it
        for left in reversed(range(TRIES)):
            try:
                self._start()
            except TimeoutError:
                self._kill()
                if not left:
                    self.stop()
                    raise
            else:
                return self
        raise AssertionError("the last try returns or raises")

    def __exit__(self, *_exception: object) -> None:
        self.stop()

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

    def stop(self) -> None:
        """Ends the process group; safe to call twice."""
        self._kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self) -> None:
        """The process keeps its connections and answers nothing."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGCONT)

    def crash(self) -> None:
        """Ends it at once; the folder stays until `stop`."""
        self._kill()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _start(self) -> None:
        self.port = 0 if self._unix else free_port()
        self.bus_port = free_port()
        with (self.folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True
            )
        client = self.client()
        try:
            wait_for(f"the server of {self.folder} answers", lambda: self._ours(client))
        finally:
            client.close()

    def _ours(self, client: redis.Redis) -> bool:
        """It answers, and it is not another server that took the port first."""
        if self._process is None or self._process.poll() is not None:
            raise TimeoutError((self.folder / "output.log").read_text(errors="replace")[-1_000:])
        return int(info_of(client)["process_id"]) == self._process.pid

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


class RedisUser(RedisServer):
    """A server with one more user, who may only do what `rules` say (such as `+info`, `~jobs:*`)."""

    def __init__(self, *rules: str, program: Program = "redis") -> None:
        super().__init__(program=program)
        self.user, self.user_password, self._rules = "watcher", "password-of-watcher", rules

    def __enter__(self) -> RedisUser:
        super().__enter__()
        with self.client() as client:
            run(client, "ACL", "SETUSER", self.user, "on", f">{self.user_password}", *self._rules)
        return self

    @property
    def url(self) -> str:
        """Of that user."""
        return f"redis://{self.user}:{self.user_password}@{self.address}/0"
