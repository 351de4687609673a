"""A RabbitMQ with its management plugin on free loopback ports, data in a folder that goes away with it.

It is Debian's `rabbitmq-server` (or one in a usual place of another system), started as a plain process: nothing of the
system's own service is touched. The port mapper (epmd) is started first and by ourselves, or the node would leave a
daemon behind.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evals.servers import ServerMissing
from evals.servers.process import ProcessServer, free_ports

# Debian's /usr/sbin/rabbitmq-server is a wrapper that changes user and environment: the scripts behind it do not.
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/sbin", "/usr/local/sbin", "/opt/rabbitmq/sbin")
# A start takes 4 to 11 s; one of seven hung (and stays so), so it is tried again.
START_S = 40.0
CALL_S = 30.0
NODE = "queuewright@localhost"
# Seconds between the samples that the management API keeps; counts are those of the last sample, whatever the interval.
_SAMPLES = tuple(f"management.sample_retention_policies.{kind}.minute" for kind in ("global", "basic", "detailed"))


class RabbitServer(ProcessServer):
    """`with RabbitServer() as server:` a running node.

    Args:
        config: further lines of rabbitmq.conf, such as `{"vm_memory_high_watermark.absolute": "200MB"}`.
        plugins: beside rabbitmq_management.
        stats_interval_ms: how often the node collects statistics; RabbitMQ's own default is 5,000. Quorum queues are
            counted every 5 s whatever is set here.

    Attributes:
        url: amqp:// of the administrator, virtual host `/`.
        management_url: of the HTTP API, without credentials.
        user, password: of the administrator.
    """

    NAME = "RabbitMQ"
    TRIES = 3
    ENDED = RuntimeError

    def __init__(
        self, *, config: Mapping[str, str] | None = None, plugins: tuple[str, ...] = (), stats_interval_ms: int = 1_000
    ) -> None:
        super().__init__()
        self.user, self.password = "guest", "guest-of-the-tests"
        self._config = dict(config or {})
        self._plugins = ("rabbitmq_management", *plugins)
        self._interval = stats_interval_ms

    @property
    def url(self) -> str:
        """Of AMQP, with the administrator's credentials."""
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}/%2F"

    @property
    def management_url(self) -> str:
        """Of the HTTP API."""
        return f"http://127.0.0.1:{self.management_port}"

    def ctl(self, *arguments: str) -> str:
        """`rabbitmqctl ARGUMENTS` of this node: the server's own client, which does not go through the HTTP API."""
        command = [str(scripts() / "rabbitmqctl"), "-q", *arguments]
        done = subprocess.run(command, env=self._environment(), capture_output=True, timeout=CALL_S, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2_000:]}")
        return done.stdout.decode()

    def api(self, method: str, path: str, document: object = None) -> Any:
        """One call of the HTTP API as the administrator, for setting a scene; the parsed answer, None when empty."""
        body = None if document is None else json.dumps(document).encode()
        key = b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.management_url}{path}", body, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=CALL_S) as answer:  # noqa: S310 - our own loopback address
            text = answer.read()
        return json.loads(text) if text else None

    def add_user(self, name: str, password: str, tags: str, *vhosts: str) -> None:
        """A user with these tags and every permission in these virtual hosts."""
        self.api("PUT", f"/api/users/{quote(name, safe='')}", {"password": password, "tags": tags})
        for vhost in vhosts:
            rights = {"configure": ".*", "write": ".*", "read": ".*"}
            self.api("PUT", f"/api/permissions/{quote(vhost, safe='')}/{quote(name, safe='')}", rights)

    def add_vhost(self, name: str) -> None:
        """A virtual host in which the administrator may do everything."""
        self.api("PUT", f"/api/vhosts/{quote(name, safe='')}", {})
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        self.api("PUT", f"/api/permissions/{quote(name, safe='')}/{self.user}", rights)

    def _start(self) -> None:
        folder = scripts()
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-rabbitmq-"))
        self.port, self.management_port, self._epmd, self._dist = free_ports(4)
        self._write_files()
        environment = self._environment()
        self._run([_epmd(), "-port", str(self._epmd), "-address", "127.0.0.1"], environment)
        self._run([str(folder / "rabbitmq-server")], environment)
        self._wait(self._answers, START_S)

    def _write_files(self) -> None:
        lines = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": str(self.management_port),
            "default_user": self.user,
            "default_pass": self.password,
            "collect_statistics_interval": str(self._interval),
            **dict.fromkeys(_SAMPLES, str(max(1, self._interval // 1_000))),
            "log.console": "true",
            "log.file": "false",
            **self._config,
        }
        text = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (self.folder / "rabbitmq.conf").write_text(text)
        (self.folder / "enabled_plugins").write_text(f"[{','.join(self._plugins)}].\n")

    def _environment(self) -> dict[str, str]:
        home = str(self.folder)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": home,
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{home}/rabbitmq-env.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/enabled_plugins",
            "RABBITMQ_PID_FILE": f"{home}/pid",
            # The start script then becomes the node instead of waiting for it, so the process that we end is the node.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _answers(self) -> bool:
        with suppress(OSError, urllib.error.URLError, ValueError):
            nodes = self.api("GET", "/api/nodes?columns=running")
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return bool(nodes) and all(node.get("running") for node in nodes)
        return False


def scripts() -> Path:
    """The folder of RabbitMQ's own scripts.

    Raises:
        ServerMissing: there is none, or no Erlang.
    """
    found = next((Path(f) for f in _FOLDERS if Path(f, "rabbitmq-server").is_file()), None)
    if found is None or _epmd() == "":
        raise ServerMissing("RabbitMQ is not installed: apt-get install rabbitmq-server (macOS: brew install rabbitmq)")
    return found


def _epmd() -> str:
    return shutil.which("epmd") or next(iter(map(str, Path("/usr/lib/erlang").glob("erts-*/bin/epmd"))), "")
