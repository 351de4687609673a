"""A double of an OpenAI-compatible endpoint on loopback that answers as a test tells it to, faults included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["_Handler", int], None]


@dataclass
class FaultyEndpoint:
    """A running double.

    Attributes:
        bodies: raw request bodies, in order.
        behave: answers request number n (from 0).
        released: set when the test is over; what hangs, hangs until then.
    """

    behave: Behaviour
    bodies: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def serving(behave: Behaviour) -> Iterator[FaultyEndpoint]:
    """The double while the block runs."""
    endpoint = FaultyEndpoint(behave)

    class Handler(_Handler):
        faulty = endpoint

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    faulty: FaultyEndpoint

    def do_POST(self) -> None:
        self.faulty.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.faulty.behave(self, len(self.faulty.bodies) - 1)
        except (BrokenPipeError, ConnectionResetError):
            return  # the client has given up, as some tests want it to

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def reply(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        """A whole response."""
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def start_stream(self) -> None:
        """The head of a stream that ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

    def event(self, document: object) -> None:
        """One event of it."""
        text = document if isinstance(document, str) else json.dumps(document)
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A `chat.completion.chunk`."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def usage_chunk(taken: int, given: int) -> dict[str, Any]:
    """The last chunk of a stream whose usage was asked for."""
    usage = {"prompt_tokens": taken, "completion_tokens": given, "total_tokens": taken + given}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": usage}


def saying(text: str, usage: tuple[int, int] | None = (100, 10)) -> Behaviour:
    """Answers with a text, a word a chunk."""

    def behave(handler: _Handler, _n: int) -> None:
        handler.start_stream()
        for word in text.split(" "):
            handler.event(chunk(content=f"{word} "))
        _finish(handler, "stop", usage)

    return behave


def calling(*calls: tuple[str | None, str], ids: bool = True) -> Behaviour:
    """Asks for tools; arguments are sent as they are, valid JSON or not."""

    def behave(handler: _Handler, n: int) -> None:
        handler.start_stream()
        for i, (name, arguments) in enumerate(calls):
            function = {"name": name, "arguments": arguments}
            call = {"index": i, "id": f"call_{n}_{i}" if ids else None, "type": "function", "function": function}
            handler.event(chunk(tool_calls=[call]))
        _finish(handler, "tool_calls", (100, 10))

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other; the last one goes on."""

    def behave(handler: _Handler, n: int) -> None:
        behaviours[min(n, len(behaviours) - 1)](handler, n)

    return behave


def status(code: int, message: str = "no", **headers: str) -> Behaviour:
    """An error object."""
    body = json.dumps({"error": {"message": message, "type": "t", "code": None}})
    return lambda handler, _n: handler.reply(code, body, **headers)


def body(text: str, kind: str = "application/json") -> Behaviour:
    """Any body with status 200."""
    return lambda handler, _n: handler.reply(200, text, kind)


def events(*documents: object) -> Behaviour:
    """Any events, then the connection ends."""

    def behave(handler: _Handler, _n: int) -> None:
        handler.start_stream()
        for document in documents:
            handler.event(document)

    return behave


def silent(*documents: object) -> Behaviour:
    """Nothing at all, or these events and then nothing, while the test lasts."""

    def behave(handler: _Handler, _n: int) -> None:
        if documents:
            handler.start_stream()
        for document in documents:
            handler.event(document)
        handler.faulty.released.wait(120)

    return behave


def dripping(piece: object, every_s: float) -> Behaviour:
    """The same event for ever; a string is sent as it is."""

    def behave(handler: _Handler, _n: int) -> None:
        handler.start_stream()
        while not handler.faulty.released.wait(every_s):
            if isinstance(piece, str):
                handler.wfile.write(piece.encode())
                handler.wfile.flush()
            else:
                handler.event(piece)

    return behave


def _finish(handler: _Handler, reason: str, usage: tuple[int, int] | None) -> None:
    handler.event(chunk(finish=reason))
    if usage:
        handler.event(usage_chunk(*usage))
    handler.event("[DONE]")


def cut(*documents: object) -> Behaviour:
    """Some events of a chunked response, then the connection breaks without its end."""

    def behave(handler: _Handler, _n: int) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for document in documents:
            data = f"data: {json.dumps(document)}\n\n".encode()
            handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        handler.wfile.flush()
        handler.close_connection = True

    return behave


def all_text(parts: Iterable[bytes]) -> str:
    """Request bodies in one."""
    return b"\n".join(parts).decode()
