"""A double of Azure Service Bus' AMQP side, as far as a peek goes: SASL, `$cbs` tokens and `peek-message`.

It is a double: a few frames of AMQP 1.0 over plain TCP, as an emulator listens, put together with the codec that the
SDK brings. What it is for: to see that a peek through the real SDK reads what it should, and that it never grants
credit on a receiving link (`granted`), since the service would then deliver, and so lock, a message.
"""

from __future__ import annotations

import socketserver
import struct
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from evals.servers.servicebus_keys import KEY, signed

_SASL, _AMQP = b"AMQP\x03\x01\x00\x00", b"AMQP\x00\x01\x00\x00"
# Codes of the performatives (AMQP 1.0, parts 2.7 and 5.3).
_OPEN, _BEGIN, _ATTACH, _FLOW, _TRANSFER, _DETACH, _END, _CLOSE = 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18
_SASL_INIT = 0x41
# Of a frame's payload, below what the SDK accepts in one frame.
_CHUNK = 60_000
_STATES = {"active": 0, "deferred": 1, "scheduled": 2}


@dataclass
class DoubledMessage:
    """One message that can be peeked. `enqueued_ms` is Unix time in milliseconds."""

    body: bytes = b"{}"
    value: Any = None
    message_id: str | None = None
    subject: str | None = None
    session_id: str | None = None
    state: str = "active"
    delivery_count: int = 0
    enqueued_ms: int = 1_795_482_000_000
    properties: dict[str | bytes, Any] = field(default_factory=dict)


class ServiceBusAmqpDouble:
    """`with ServiceBusAmqpDouble() as double:` a listener on loopback.

    Attributes:
        messages: by the entity's path in AMQP (`orders`, `orders/$DeadLetterQueue`, `events/Subscriptions/audit`).
        claims: of the key; without Listen every link is refused.
        granted: credit that clients granted on entities, as (path, credit). It has to stay empty.
        operations: that were asked of `$management`.
        silent: accepts connections and never answers.
        broken: answers a peek with a body of another shape.
    """

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.messages: dict[str, list[DoubledMessage]] = {}
        self.claims = {"Listen"}
        self.granted: list[tuple[str, int]] = []
        self.operations: list[tuple[str, str]] = []
        self.silent = False
        self.broken = False

    def __enter__(self) -> ServiceBusAmqpDouble:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """For the query of a target's URL: `?amqp_url=…`."""
        return f"amqp://127.0.0.1:{self._server.server_address[1]}"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, double: ServiceBusAmqpDouble) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.double = double

    def handle_error(self, *_arguments: object) -> None:
        """Quiet: clients that hang up are part of the tests."""


class _Connection(socketserver.StreamRequestHandler):
    """One connection: frames in, frames out."""

    server: _Server

    def handle(self) -> None:
        self._double = self.server.double
        self._links: dict[int, tuple[str, bool]] = {}  # the client's handle: node, whether the client receives
        self._parts: dict[int, bytearray] = {}
        self._deliveries = 0
        if self._double.silent:
            self.rfile.read(1_000_000)
            return
        while head := self.rfile.read(8):
            if head in (_SASL, _AMQP):
                self.wfile.write(head)
                if head == _SASL:
                    self._sasl()
                continue
            (size,), channel = struct.unpack(">I", head[:4]), struct.unpack(">H", head[6:8])[0]
            body = self.rfile.read(size - 8)
            if body and not self._frame(channel, body):
                return

    def _sasl(self) -> None:
        from azure.servicebus._pyamqp import performatives as p

        self._send(0, p.SASLMechanism(sasl_server_mechanisms=[b"ANONYMOUS", b"EXTERNAL", b"MSSBCBS"]), b"\x01")

    def _frame(self, channel: int, body: bytes) -> bool:
        """Answers one frame; False ends the connection."""
        from azure.servicebus._pyamqp import performatives as p
        from azure.servicebus._pyamqp._decode import decode_frame

        code, fields = decode_frame(memoryview(body))
        if code == _SASL_INIT:
            self._send(0, p.SASLOutcome(code=0, additional_data=b""), b"\x01")
        elif code == _OPEN:
            self._send(0, p.OpenFrame("double", None, 65_536, 65_535, None, None, None, None, None, None))
        elif code == _BEGIN:
            self._send(channel, p.BeginFrame(channel, 1, 5_000, 5_000, 255, None, None, None))
        elif code == _ATTACH:
            self._attach(channel, fields)
        elif code == _FLOW:
            self._flow(fields)
        elif code == _TRANSFER:
            self._transfer(channel, fields)
        elif code == _DETACH:
            self._send(channel, p.DetachFrame(fields[0], True, None))
        elif code == _END:
            self._send(channel, p.EndFrame(None))
        elif code == _CLOSE:
            self._send(0, p.CloseFrame(None))
            return False
        return True

    def _attach(self, channel: int, fields: list[Any]) -> None:
        from azure.servicebus._pyamqp import performatives as p
        from azure.servicebus._pyamqp.endpoints import Source, Target

        name, handle, receives = _text(fields[0]), fields[1], bool(fields[2])
        node = _node(fields[5] if receives else fields[6])
        self._links[handle] = (node, receives)
        refused = self._refusal(node)
        source, target = (None, None) if refused else (_end(Source, node), _end(Target, node))
        reply = p.AttachFrame(
            name, handle, not receives, 0, 0, source, target, None, False, 0 if receives else None, 1_048_576,
            None, None, None,
        )  # fmt: skip
        self._send(channel, reply)
        if refused:
            self._send(channel, p.DetachFrame(handle, True, refused))
        elif not receives:
            self._send(channel, p.FlowFrame(0, 5_000, 1, 5_000, handle, 0, 100, None, None, None, None))

    def _refusal(self, node: str) -> Any:
        """The service refuses the link to the entity; that to its management comes later."""
        from azure.servicebus._pyamqp.error import AMQPError

        if node.startswith("$cbs") or node.endswith("/$management"):
            return None
        condition, words = b"", b""
        if "Listen" not in self._double.claims:
            condition = b"amqp:unauthorized-access"
            words = b"Unauthorized access. 'Listen' claim(s) are required to perform this operation."
        elif node not in self._double.messages:
            condition, words = b"amqp:not-found", f"The messaging entity '{node}' could not be found.".encode()
        return AMQPError(condition=condition, description=words, info=None) if condition else None

    def _flow(self, fields: list[Any]) -> None:
        """Notes credit on an entity: the service would deliver now, and lock what it delivers."""
        handle, credit = fields[4], fields[6]
        node, receives = self._links.get(handle, ("", False))
        if receives and credit and not node.endswith("$management") and not node.startswith("$cbs"):
            self._double.granted.append((node, credit))

    def _transfer(self, channel: int, fields: list[Any]) -> None:
        from azure.servicebus._pyamqp import performatives as p
        from azure.servicebus._pyamqp._decode import decode_payload
        from azure.servicebus._pyamqp.outcomes import Accepted

        handle, delivery, more, payload = fields[0], fields[1], fields[5], fields[-1]
        self._parts.setdefault(handle, bytearray()).extend(payload)
        if more:
            return
        request = decode_payload(memoryview(bytes(self._parts.pop(handle))))
        self._send(channel, p.DispositionFrame(True, delivery, delivery, True, Accepted(), None))
        node = self._links[handle][0]
        asked = {_text(key): value for key, value in (request.application_properties or {}).items()}
        if node.startswith("$cbs"):
            fine = signed(_text(request.value), self._double.key)
            said: dict[str | bytes, Any] = {
                "status-code": 202 if fine else 401,
                "status-description": "OK" if fine else "InvalidSignature",
            }
            self._reply(channel, node, request, said, "none")
        else:
            self._managed(channel, node, request, _text(asked.get("operation")))

    def _managed(self, channel: int, node: str, request: Any, operation: str) -> None:
        self._double.operations.append((node, operation))
        if operation != "com.microsoft:peek-message":
            self._reply(channel, node, request, {"statusCode": 501, "statusDescription": "not of this double"}, "none")
            return
        asked = {_text(key): value for key, value in request.value.items()}
        start, count = asked["from-sequence-number"], asked["message-count"]
        held = self._double.messages[self._place(node)]
        found = [_encoded(number, message) for number, message in enumerate(held, 1) if number >= start][:count]
        status = 200 if found else 204
        body: dict[str, Any] = {"messages": [{"message": raw} for raw in found]}
        if self._double.broken:
            body = {"letters": 7}
        self._reply(channel, node, request, {"statusCode": status, "statusDescription": "OK"}, body)

    def _reply(self, channel: int, node: str, request: Any, said: dict[str | bytes, Any], value: Any) -> None:
        from azure.servicebus._pyamqp import performatives as p
        from azure.servicebus._pyamqp._encode import encode_payload
        from azure.servicebus._pyamqp.message import Message, Properties

        handle = next(number for number, link in self._links.items() if link == (node, True))
        answer = Message(
            properties=Properties(correlation_id=request.properties.message_id),
            application_properties=said,
            value=value,
        )
        payload = bytes(encode_payload(bytearray(), answer))
        self._deliveries += 1
        for start in range(0, len(payload), _CHUNK):
            more = start + _CHUNK < len(payload)
            part = payload[start : start + _CHUNK]
            tag = uuid.uuid4().bytes
            self._send(
                channel,
                p.TransferFrame(
                    handle, self._deliveries, tag, 0, True, more, None, None, None, None, None, payload=part
                ),
            )

    def _send(self, channel: int, performative: Any, kind: bytes = b"\x00") -> None:
        from azure.servicebus._pyamqp._encode import encode_frame

        header, body = encode_frame(performative, kind)
        self.wfile.write(header + struct.pack(">H", channel) + bytes(body or b""))

    @staticmethod
    def _place(node: str) -> str:
        return node.removesuffix("/$management")


def _encoded(number: int, message: DoubledMessage) -> bytes:
    """A message as the service stores it, with its annotations."""
    from azure.servicebus._pyamqp._encode import encode_payload
    from azure.servicebus._pyamqp.message import Header, Message, Properties

    annotations: dict[str | bytes, Any] = {
        b"x-opt-sequence-number": number,
        b"x-opt-enqueued-time": {"TYPE": "TIMESTAMP", "VALUE": message.enqueued_ms},
        b"x-opt-message-state": {"TYPE": "INT", "VALUE": _STATES[message.state]},
    }
    whole = Message(
        header=Header(delivery_count=message.delivery_count),
        message_annotations=annotations,
        properties=Properties(message_id=message.message_id, subject=message.subject, group_id=message.session_id),
        application_properties=message.properties or None,
        data=None if message.value is not None else [message.body],
        value=message.value,
    )
    return bytes(encode_payload(bytearray(), whole))


def _end(kind: Any, node: str) -> Any:
    return kind(address=node)


def _node(end: Any) -> str:
    """The node of a source or target, whose address may be a whole URL."""
    address = _text(end[0]) if end else ""
    return urlsplit(address).path.strip("/") if "://" in address else address.strip("/")


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value or "")
