"""From a target to librdkafka's settings: bootstrap servers, TLS, SASL, and time-outs below those of the tools.

`kafka://` is plain and `kafka+ssl://` is TLS; user and password in the URL make it SASL. `?mechanism=` names the way:
PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Without one it is PLAIN over TLS and SCRAM-SHA-256 otherwise, so that no password
crosses the network in clear text unless somebody wrote PLAIN.
"""

from __future__ import annotations

from tools.errors import Unsupported
from tools.targets import Target

CONNECT_TIMEOUT_S = 3.0
# Of one call; a reading makes three one after the other and must stay below the tools' 10 s.
CALL_TIMEOUT_S = 2.5
PORT = 9092
TLS = "kafka+ssl"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_QUERY = {"mechanism"}


def client_settings(target: Target) -> dict[str, str | int | float | bool]:
    """What every client of this target starts with.

    Raises:
        Unsupported: a mechanism or a part of the query that is not known here.
    """
    if extra := sorted(set(target.query) - _QUERY):
        raise Unsupported("kafka_query", target=target.name, call="open", detail=", ".join(extra))
    found: dict[str, str | int | float | bool] = {
        "bootstrap.servers": bootstrap(target),
        "client.id": "queuewright",
        "security.protocol": ("SASL_" if target.username else "") + ("SSL" if tls(target) else "PLAINTEXT"),
        "socket.connection.setup.timeout.ms": int(1000 * CONNECT_TIMEOUT_S),
        "socket.timeout.ms": int(1000 * CALL_TIMEOUT_S),
        "reconnect.backoff.max.ms": 500,
        # Metadata must never create the topic that somebody mistyped.
        "allow.auto.create.topics": False,
    }
    if target.tls_ca and tls(target):
        found["ssl.ca.location"] = target.tls_ca
    if target.username:
        found |= {"sasl.mechanism": mechanism(target), "sasl.username": target.username}
        found["sasl.password"] = target.password or ""
    return found


def tls(target: Target) -> bool:
    """Whether the target speaks TLS."""
    return target.scheme == TLS


def bootstrap(target: Target) -> str:
    """Host and port of every server that the URL names."""
    return ",".join(f"{_bracketed(host or 'localhost')}:{port or PORT}" for host, port in target.hosts)


def mechanism(target: Target) -> str:
    """How the user logs in.

    Raises:
        Unsupported: another one.
    """
    given = target.query.get("mechanism", "").upper() or ("PLAIN" if tls(target) else "SCRAM-SHA-256")
    if given not in MECHANISMS:
        raise Unsupported("kafka_mechanism", target=target.name, call="open", detail=", ".join(MECHANISMS))
    return given


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
