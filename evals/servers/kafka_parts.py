"""What Kafka's servers are made of: settings, users, certificates, free ports, and the wait for the first answer."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

# slf4j-simple: the broker's warnings on standard error, for the message when it does not start.
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>queuewright</groupId><artifactId>kafka-server</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""


def settings_text(lines: Mapping[str, str]) -> str:
    """server.properties."""
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def sasl_lines(mechanism: str, users: Mapping[str, str], admin: str) -> dict[str, str]:
    """Log-in on the listener for clients, and ACLs for everybody but the administrator and the server itself."""
    prefix = f"listener.name.client.{mechanism.lower()}.sasl.jaas.config"
    if mechanism == "PLAIN":
        known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
        jaas = f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
    else:
        jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return {
        "listener.name.client.sasl.enabled.mechanisms": mechanism,
        prefix: jaas,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{admin};User:ANONYMOUS",
    }


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1, made on the spot: the file that clients trust, and key with chain."""
    key, ca, both = folder / "key.pem", folder / "ca.pem", folder / "keystore.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(ca)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + ca.read_text())
    return ca, both


def certificate_lines(keystore: Path) -> dict[str, str]:
    """TLS on the listener for clients."""
    prefix = "listener.name.client.ssl.keystore"
    return {f"{prefix}.type": "PEM", f"{prefix}.location": str(keystore)}


def ready(bootstrap: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Waits until the server tells of itself.

    Raises:
        TimeoutError: it did not in time.
        RuntimeError: it ended.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    deadline = time.monotonic() + seconds
    host, _, port = bootstrap.partition(":")
    admin: AdminClient | None = None
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Kafka ended while it started: {_tail(log)}")
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            admin = admin or AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
            if admin.list_topics(timeout=2).brokers:
                return
        except (OSError, KafkaException):
            time.sleep(0.05)
    raise TimeoutError(f"Kafka was not ready after {seconds:.0f} s: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2_000:]


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
