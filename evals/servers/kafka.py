"""Apache Kafka on free loopback ports, data in a folder that goes away with it: one node in KRaft mode, no container.

The jars come from Maven Central through whatever Maven's own settings say, once, into the cache folder. `LightKafka` is
a small stand-in from PyPI (`noida-db`) for machines without Java: it speaks to every client, but members of a group
that died never expire there, and it knows no users.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from evals.servers import ServerMissing
from evals.servers.kafka_parts import POM, answering, certificate, certificate_lines, sasl_lines, settings_text
from evals.servers.process import ProcessServer, free_ports

VERSION = "4.4.0"
START_S = 60.0
# The first time, when Maven has to fetch about 45 MB.
FETCH_S = 580.0
JAVA = 17


class KafkaServer(ProcessServer):
    """`with KafkaServer() as server:` a running node.

    Args:
        settings: further lines of server.properties.
        mechanism: `SCRAM-SHA-256`, `SCRAM-SHA-512` or `PLAIN`: clients must log in, and may do what ACLs allow.
        users: further users by name, with their passwords; they may do nothing until `allow` says so.
        tls: clients speak TLS; `ca` is the file that they trust.

    Attributes:
        url: of the administrator.
        bootstrap: host and port for clients.
        internal: host and port of a listener without log-in or TLS where everything is allowed: for setting a scene.
        user, password: of the administrator.
    """

    NAME = "Kafka"
    TRIES = 2
    ENDED = RuntimeError

    def __init__(
        self,
        *,
        settings: Mapping[str, str] | None = None,
        mechanism: str | None = None,
        users: Mapping[str, str] | None = None,
        tls: bool = False,
    ) -> None:
        super().__init__()
        self.user, self.password = "admin", "admin-of-the-tests"
        self.mechanism, self.tls = mechanism, tls
        self._users = {self.user: self.password, **(users or {})}
        self._settings = dict(settings or {})

    @property
    def url(self) -> str:
        """Of the administrator, or of anybody where nobody has to log in."""
        return self.url_of(self.user, self.password)

    def url_of(self, user: str, password: str) -> str:
        """Of that user."""
        scheme = "kafka+ssl" if self.tls else "kafka"
        if self.mechanism is None:
            return f"{scheme}://{self.bootstrap}"
        return f"{scheme}://{user}:{password}@{self.bootstrap}?mechanism={self.mechanism}"

    def _start(self) -> None:
        folder = jars()
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-kafka-"))
        ports = free_ports(3)
        self.bootstrap, self.internal = f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}"
        properties = self.folder / "server.properties"
        properties.write_text(settings_text(self._lines(ports)), encoding="utf-8")
        self._format(folder, properties)
        self._run(_java(folder, "kafka.Kafka", str(properties)))
        self._wait(answering(self.internal), START_S)

    def _lines(self, ports: list[int]) -> dict[str, str]:
        client, internal, controller = ports
        kind = ("SASL_" if self.mechanism else "") + ("SSL" if self.tls else "PLAINTEXT")
        lines = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": ",".join(
                f"{name}://127.0.0.1:{port}"
                for name, port in (("CLIENT", client), ("INTERNAL", internal), ("CONTROLLER", controller))
            ),
            "advertised.listeners": f"CLIENT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal}",
            "listener.security.protocol.map": f"CLIENT:{kind},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "auto.create.topics.enable": "false",
        }
        if self.mechanism:
            lines |= sasl_lines(self.mechanism, self._users, self.user)
        if self.tls:
            self.ca, keystore = certificate(self.folder)
            lines |= certificate_lines(keystore)
        return lines | self._settings

    def _format(self, folder: Path, properties: Path) -> None:
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").lstrip("-") or "queuewright"
        command = _java(folder, "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(properties))
        if self.mechanism and self.mechanism.startswith("SCRAM"):
            for name, password in self._users.items():
                command += ["--add-scram", f"{self.mechanism}=[name={name},password={password}]"]
        done = subprocess.run(command, capture_output=True, timeout=START_S, check=False)
        if done.returncode:
            raise RuntimeError(
                f"Kafka's storage could not be formatted: {done.stderr.decode(errors='replace')[-2_000:]}"
            )


class LightKafka(ProcessServer):
    """`with LightKafka() as server:` the stand-in; `url` and `bootstrap` as above."""

    NAME = "the stand-in for Kafka"
    ENDED = RuntimeError

    def _start(self) -> None:
        program = light_program()
        self.folder = Path(tempfile.mkdtemp(prefix="queuewright-kafka-"))
        (port,) = free_ports(1)
        self.bootstrap = self.internal = f"127.0.0.1:{port}"
        self.url = f"kafka://{self.bootstrap}"
        data = str(self.folder / "data")
        command = [program, "start", "--data-dir", data, "--host", "127.0.0.1", "--only", "kafka"]
        self._run([*command, "--kafka-port", str(port)])
        self._wait(answering(self.bootstrap), START_S)


def jars() -> Path:
    """The folder with Kafka's jars; fetched with Maven when it is not there yet.

    Raises:
        ServerMissing: there is no Java of a sufficient version, or neither jars nor Maven.
    """
    _assert_java()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "queuewright" / "servers"
    folder = cache / f"kafka-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _assert_java() -> None:
    said = ""
    if shutil.which("java"):
        said = subprocess.run(["java", "-version"], capture_output=True, timeout=START_S, check=False).stderr.decode()
    number = said.partition('"')[2].partition(".")[0]
    if not number.isdigit() or int(number) < JAVA:
        raise ServerMissing(f"Kafka needs Java {JAVA}: apt-get install openjdk-17-jre-headless maven")


def _fetch(folder: Path) -> None:
    if not shutil.which("mvn"):
        raise ServerMissing("Kafka's jars come through Maven: apt-get install maven")
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        (Path(aside) / "pom.xml").write_text(POM.format(version=VERSION), encoding="utf-8")
        command = ["mvn", "-B", "-q", "-f", f"{aside}/pom.xml", "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={aside}/jars"]
        done = subprocess.run(command, capture_output=True, timeout=FETCH_S, check=False)
        if done.returncode:
            said = done.stdout.decode(errors="replace")[-1_000:]
            raise ServerMissing(f"Maven could not fetch org.apache.kafka:kafka_2.13:{VERSION}: {said}")
        (Path(aside) / "jars").rename(folder)


def light_program() -> str:
    """The stand-in's program, beside this Python or in the path.

    Raises:
        ServerMissing: it is not installed.
    """
    beside = Path(sys.executable).parent / "noida-db"
    found = str(beside) if beside.is_file() else shutil.which("noida-db")
    if not found:
        raise ServerMissing("the light stand-in for Kafka is not installed: pip install noida-db")
    return found


def _java(folder: Path, main: str, *arguments: str) -> list[str]:
    limits = ["-Xmx512m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", *limits, quiet, "-cp", f"{folder}/*", main, *arguments]
