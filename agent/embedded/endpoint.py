"""The embedded brain at an OpenAI-compatible endpoint, for tests and for clients that speak nothing else.

`python -m agent.embedded.endpoint --port 8899` answers `POST /v1/chat/completions` and `GET /v1/models` on loopback.
It has no tools and no secrets of its own: a client sends tools, runs them, and sends the results back.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from agent.embedded import wire
from agent.embedded.brain import EmbeddedChatModel

# A conversation with a few tool results of 20,000 characters each fits many times.
MAX_BODY_BYTES = 8 * 1024 * 1024
# A connection that sends nothing for this long is closed.
IDLE_S = 60.0
CHAT, MODELS = "/v1/chat/completions", "/v1/models"


class BrainServer(ThreadingHTTPServer):
    """One brain for all connections."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], brain: EmbeddedChatModel) -> None:
        self.brain = brain
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is printed by the standard library."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The base URL as OpenAI clients want it."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/v1"


def serve(host: str = "127.0.0.1", port: int = 0, brain: EmbeddedChatModel | None = None) -> BrainServer:
    """A listening server; the caller runs `serve_forever` and `shutdown`. Port 0 takes a free one."""
    return BrainServer((host, port), brain or EmbeddedChatModel())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "queuewright"
    sys_version = ""
    timeout = IDLE_S
    server: BrainServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == MODELS:
            self._json(HTTPStatus.OK, wire.models())
        else:
            self._refuse(*self._no_such(path, CHAT))

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        if path != CHAT:
            self._refuse(*self._no_such(path, MODELS))
        elif (body := self._body()) is not None:
            self._chat(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a conversation is nobody's log line."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Also what the HTTP parser refuses is answered as an error object."""
        status = HTTPStatus(code)
        self._refuse(status, message or status.phrase)

    def _chat(self, body: bytes) -> None:
        try:
            request = wire.ChatRequest(json.loads(body))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as problem:
            self._json(HTTPStatus.BAD_REQUEST, wire.error(f"the body is no JSON: {problem}"))
            return
        except wire.BadRequest as problem:
            self._json(HTTPStatus.BAD_REQUEST, wire.error(str(problem)))
            return
        try:
            reply = request.answered_by(self.server.brain)
        except Exception as problem:  # noqa: BLE001 - the boundary: a defect is a 500 and not a dropped connection
            self._json(HTTPStatus.INTERNAL_SERVER_ERROR, wire.error(type(problem).__name__, "server_error"))
            return
        if request.stream:
            self._stream(wire.chunks(reply, include_usage=request.include_usage))
        else:
            self._json(HTTPStatus.OK, wire.completion(reply))

    def _body(self) -> bytes | None:
        """The request's body, or None after a refusal."""
        length = self.headers.get("Content-Length")
        if length is None or not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
        elif int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body may have at most {MAX_BODY_BYTES} bytes")
        else:
            return self.rfile.read(int(length))
        return None

    def _no_such(self, path: str, other: str) -> tuple[HTTPStatus, str]:
        if path == other:
            return HTTPStatus.METHOD_NOT_ALLOWED, f"{path} does not take {self.command}"
        return HTTPStatus.NOT_FOUND, f"there is {CHAT} and {MODELS} here"

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """An error after which the connection is closed: what is left of the body stays unread."""
        self.close_connection = True
        self._json(status, wire.error(message), close=True)

    def _json(self, status: HTTPStatus, document: dict[str, Any], *, close: bool = False) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, documents: Any) -> None:
        """Server-sent events; the connection ends with the answer, which every client understands."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for document in documents:
                self._event(json.dumps(document, ensure_ascii=False))
            self._event("[DONE]")
        except (BrokenPipeError, ConnectionResetError):
            return  # the client has heard enough

    def _event(self, data: str) -> None:
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until it is interrupted; prints the base URL once it listens."""
    parser = argparse.ArgumentParser(prog="python -m agent.embedded.endpoint", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    parser.add_argument("--host", default="127.0.0.1", help="loopback by default; there is no authentication")
    options = parser.parse_args(argv)
    with serve(options.host, options.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
