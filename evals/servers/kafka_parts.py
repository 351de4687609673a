"""What Kafka's servers are made of: settings, users, certificates, and the first answer."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping
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


def answering(bootstrap: str) -> Callable[[], bool]:
    """A question to poll: whether the server tells of itself."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    host, _, port = bootstrap.partition(":")
    admin: AdminClient | None = None

    def answers() -> bool:
        nonlocal admin
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            admin = admin or AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
            return bool(admin.list_topics(timeout=2).brokers)
        except (OSError, KafkaException):
            return False

    return answers
