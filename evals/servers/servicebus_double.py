"""A double of Azure Service Bus' management API, for tests and the lab: no real one runs outside a container.

It speaks HTTPS with a certificate of its own, checks the signature of shared access tokens, and answers in the ATOM
format that the service's own recorded answers have. It is a double: it proves that the real SDK
and our reader understand that format, and nothing about the service itself. There are no messages behind the counts;
`servicebus_amqp` doubles the AMQP side.
"""

from __future__ import annotations

import re
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from evals.servers.servicebus_atom import empty_feed, entry, error, feed, namespace_entry
from evals.servers.servicebus_keys import KEY, KEY_NAME, certificate, signed

NAMESPACE = "double.servicebus.windows.net"
PAGE = 100
_TRACKING = "TrackingId:00000000-0000-0000-0000-000000000000_G0, Timestamp:2026-11-24T00:00:00"


@dataclass
class DoubledEntity:
    """A queue or subscription (or a topic, which only has `scheduled` and `subscriptions`).

    Attributes:
        settings: elements of its description that differ from a new one's; None leaves one out.
        absent: counts that the answer leaves out.
    """

    kind: str
    active: int = 0
    dead: int = 0
    scheduled: int = 0
    transfer: int = 0
    transfer_dead: int = 0
    settings: dict[str, str | None] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    subscriptions: dict[str, DoubledEntity] = field(default_factory=dict)


@dataclass
class Fault:
    """How requests whose path matches are answered instead.

    Attributes:
        path: regular expression.
        body: sent as it is; None stands for the error document of `status` and `detail`.
        delay_s: silence before the answer.
        cut_at: the connection is closed after so many bytes of the body.
        times: how often; 0 for ever.
    """

    path: str
    status: int = 200
    detail: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0
    cut_at: int | None = None
    times: int = 0


class ServiceBusDouble:
    """`with ServiceBusDouble() as double:` a namespace of the double.

    Attributes:
        claims: of its one key; without Manage every call is 401 as at the service.
        faults: the first that matches wins.
        requests: every request as (method, path, query).
        options: of a target: where the double listens and whose certificate it has.
        url: of a target.
    """

    def __init__(self, *, key: str = KEY, tls: bool = True) -> None:
        self.key = key
        self.claims = {"Manage", "Listen", "Send"}
        self.queues: dict[str, DoubledEntity] = {}
        self.topics: dict[str, DoubledEntity] = {}
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, str]] = []
        self.sku = "Standard"
        self.lock = threading.Lock()
        self._tls = tls

    def __enter__(self) -> ServiceBusDouble:
        self._folder = tempfile.TemporaryDirectory(prefix="queuewright-double-")
        self._server = _Server(self)
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate(Path(self._folder.name)))
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}"

    @property
    def certificate(self) -> str:
        """The path of its certificate."""
        return str(Path(self._folder.name) / "certificate.pem")

    @property
    def url(self) -> str:
        """A target's URL with its key; `options` name the place."""
        return f"servicebus://{KEY_NAME}:{quote(self.key, safe='')}@{NAMESPACE}"

    @property
    def options(self) -> dict[str, Any]:
        """A target's further options."""
        return {"endpoint_url": self.endpoint, **({"tls_ca": self.certificate} if self._tls else {})}

    def queue(self, name: str, **given: Any) -> DoubledEntity:
        """Creates a queue, or replaces it."""
        self.queues[name] = DoubledEntity("queue", **given)
        return self.queues[name]

    def topic(self, name: str, **given: Any) -> DoubledEntity:
        """Creates a topic, or replaces it."""
        self.topics[name] = DoubledEntity("topic", **given)
        return self.topics[name]

    def subscription(self, topic: str, name: str, **given: Any) -> DoubledEntity:
        """Creates a subscription of a topic that exists."""
        self.topics[topic].subscriptions[name] = DoubledEntity("subscription", **given)
        return self.topics[topic].subscriptions[name]

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, str]:
        """Status and document of an authorized GET."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts == ["$namespaceinfo"]:
            return 200, namespace_entry(NAMESPACE, self.sku)
        if parts[0] == "$Resources" and len(parts) == 2:
            held = {"queues": self.queues, "topics": self.topics}.get(parts[1].lower())
            if held is None:
                return 400, error(400, f"The specified resource is unknown. {_TRACKING}")
            return 200, _page(f"{NAMESPACE}/$Resources/{parts[1]}", held, query)
        if len(parts) >= 2 and parts[1].lower() == "subscriptions":
            return self._subscriptions(parts, query)
        found = self.queues.get(parts[0]) or self.topics.get(parts[0])
        return 200, entry(NAMESPACE, parts[0], found) if found else empty_feed(f"{NAMESPACE}/{quote(parts[0])}")

    def _subscriptions(self, parts: list[str], query: dict[str, list[str]]) -> tuple[int, str]:
        topic = self.topics.get(parts[0])
        if topic is None:
            return 404, error(404, f"Entity '{NAMESPACE}:Topic:{parts[0]}' was not found. {_TRACKING}")
        if len(parts) == 2:
            return 200, _page(f"{NAMESPACE}/{quote(parts[0])}/subscriptions", topic.subscriptions, query)
        found = topic.subscriptions.get(parts[2])
        if found is None:
            return 404, error(404, f"Entity '{NAMESPACE}:Topic:{parts[0]}|{parts[2]}' was not found. {_TRACKING}")
        return 200, entry(NAMESPACE, parts[2], found)

    def refusal(self, authorization: str) -> tuple[int, str] | None:
        """What a wrong token or a missing claim is answered with."""
        if not signed(authorization, self.key):
            return 401, error(401, f"InvalidSignature: The token has an invalid signature. {_TRACKING}")
        if "Manage" not in self.claims:
            return 401, error(401, f"Manage,EntityRead claims required for this operation. {_TRACKING}")
        return None


def _page(base: str, held: dict[str, DoubledEntity], query: dict[str, list[str]]) -> str:
    skip, top = (int(query.get(name, [default])[0]) for name, default in (("$skip", "0"), ("$top", "100")))
    names = sorted(held)
    page = [(name, held[name]) for name in names[skip : skip + min(top, PAGE)]]
    return feed(NAMESPACE, base, page, skip, top, more=skip + len(page) < len(names))


class _Server(ThreadingHTTPServer):
    """Carries the double to its handlers."""

    daemon_threads = True

    def __init__(self, double: ServiceBusDouble) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.double = double

    def handle_error(self, *_arguments: object) -> None:
        """Quiet: clients that give up, or do not trust the certificate, are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    server: _Server

    @property
    def _double(self) -> ServiceBusDouble:
        return self.server.double

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        with self._double.lock:
            self._double.requests.append(("GET", parts.path, parts.query))
            fault = _fault(self._double, parts.path)
        if fault is not None:
            self._misbehave(fault)
            return
        status, document = self._double.refusal(self.headers.get("Authorization", "")) or self._double.answer(
            parts.path, parse_qs(parts.query)
        )
        self._send(status, document.encode())

    def do_PUT(self) -> None:
        self._refuse()

    def do_DELETE(self) -> None:
        self._refuse()

    def do_POST(self) -> None:
        self._refuse()

    def _refuse(self) -> None:
        """Nothing here may be changed from outside; a test looks whether anybody tried."""
        with self._double.lock:
            self._double.requests.append((self.command, self.path, ""))
        self._send(405, error(405, "not of this double").encode())

    def _misbehave(self, fault: Fault) -> None:
        time.sleep(fault.delay_s)
        body = fault.body if fault.body is not None else error(fault.status, f"{fault.detail} {_TRACKING}").encode()
        self._send(fault.status, body, fault.headers, fault.cut_at)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut_at: int | None = None) -> None:
        try:
            self.send_response(status)
            given = {
                "Content-Type": "application/atom+xml;type=feed;charset=utf-8",
                "Content-Length": str(len(body)),
            }
            for name, value in (given | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[:cut_at])
            if cut_at is not None:
                self.close_connection = True
        except OSError:
            self.close_connection = True  # the client has gone: it did not want to wait, or read enough

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


def _fault(double: ServiceBusDouble, path: str) -> Fault | None:
    for fault in double.faults:
        if re.search(fault.path, unquote(path)):
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    double.faults.remove(fault)
            return fault
    return None
