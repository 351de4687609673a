"""The endpoint speaks HTTP and OpenAI's format properly, also to clients that do not."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.embedded.brain import EmbeddedChatModel
from agent.embedded.endpoint import MAX_BODY_BYTES, BrainServer, serve
from tests.agent.embedded.turns import ScriptedRouter, planned, route_to, schemas

ROOT = Path(__file__).parents[3]
HELLO = {"model": "any", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def server() -> Iterator[BrainServer]:
    brain = EmbeddedChatModel(router=ScriptedRouter(route_to("smalltalk")))
    with serve(brain=brain) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield listening
        listening.shutdown()
        thread.join()


def request(
    server: BrainServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    try:
        raw = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, raw, headers or {})
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def test_a_completion_has_text_usage_and_the_name_of_what_answered(server: BrainServer) -> None:
    status, _, body = request(server, "POST", "/v1/chat/completions", HELLO)

    document = json.loads(body)
    assert status == 200
    assert document["model"] == "embedded"
    assert document["choices"][0]["finish_reason"] == "stop"
    assert document["choices"][0]["message"]["content"].startswith("Hello.")
    assert document["usage"]["prompt_tokens"] > 0


def test_a_tool_call_is_given_with_arguments_as_json(server: BrainServer) -> None:
    server.brain.router.answer = planned(("measure", {"target": "main", "queue": "почта"}))

    _, _, body = request(server, "POST", "/v1/chat/completions", HELLO | {"tools": schemas()})

    choice = json.loads(body)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    call = choice["message"]["tool_calls"][0]["function"]
    assert (call["name"], json.loads(call["arguments"])) == ("measure", {"target": "main", "queue": "почта"})


def test_a_stream_ends_with_usage_where_asked_and_done(server: BrainServer) -> None:
    asked = HELLO | {"stream": True, "stream_options": {"include_usage": True}}

    _, headers, body = request(server, "POST", "/v1/chat/completions", asked)

    events = [line.removeprefix("data: ") for line in body.decode().split("\n\n") if line]
    chunks = [json.loads(e) for e in events[:-1]]
    assert headers["Content-Type"].startswith("text/event-stream")
    assert events[-1] == "[DONE]"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] > 0
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks[:-1]).startswith("Hello.")


def test_a_connection_is_kept_for_the_next_request(server: BrainServer) -> None:
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    answers = []
    for path in ("/v1/models", "/v1/models"):
        connection.request("GET", path)
        answers.append(json.loads(connection.getresponse().read())["data"][0]["id"])
        port = connection.sock.getsockname()[1] if connection.sock else None
        answers.append(port)
    connection.close()

    assert answers[0] == answers[2] == "embedded"
    assert answers[1] == answers[3] is not None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/chat/completions", b"{not json", 400),
        ("POST", "/v1/chat/completions", b"\xff\xfe", 400),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400),
        ("POST", "/v1/chat/completions", [], 400),
        ("POST", "/v1/chat/completions", {}, 400),
        ("POST", "/v1/chat/completions", {"messages": []}, 400),
        ("POST", "/v1/chat/completions", {"messages": ["hi"]}, 400),
        ("POST", "/v1/chat/completions", {"messages": [{"role": "wizard", "content": "x"}]}, 400),
        ("POST", "/v1/chat/completions", {"messages": [{"role": "tool", "content": "x"}]}, 400),
        ("POST", "/v1/chat/completions", HELLO | {"messages": [{"role": "user", "content": {"a": 1}}]}, 400),
        ("POST", "/v1/chat/completions", HELLO | {"tools": [{"name": "x"}]}, 400),
        ("POST", "/v1/chat/completions", HELLO | {"tool_choice": 5}, 400),
        ("POST", "/v1/embeddings", HELLO, 404),
        ("GET", "/", None, 404),
        ("GET", "/v1/chat/completions", None, 405),
        ("POST", "/v1/models", HELLO, 405),
        ("PUT", "/v1/models", HELLO, 501),
    ],
)
def test_a_bad_request_gets_an_error_object(
    server: BrainServer, method: str, path: str, body: Any, status: int
) -> None:
    got, headers, answer = request(server, method, path, body)

    assert got == status
    assert headers["Content-Type"].startswith("application/json")
    assert json.loads(answer)["error"]["message"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: BrainServer) -> None:
    with socket.create_connection(server.server_address[:2], timeout=10) as client:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
        client.sendall(head.encode())
        answer = client.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer


def test_a_body_of_unknown_length_is_refused(server: BrainServer) -> None:
    with socket.create_connection(server.server_address[:2], timeout=10) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        answer = client.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 411 ")


def test_a_defect_is_a_500_without_details_and_the_server_lives_on(server: BrainServer) -> None:
    healthy = server.brain.router
    server.brain.router = None.__class__  # has no `route`

    status, _, body = request(server, "POST", "/v1/chat/completions", HELLO)
    server.brain.router = healthy

    assert status == 500
    assert json.loads(body)["error"]["type"] == "server_error"
    assert request(server, "POST", "/v1/chat/completions", HELLO)[0] == 200


def test_the_command_listens_on_loopback_and_ends_when_interrupted() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agent.embedded.endpoint", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        host, _, port = url.removeprefix("http://").removesuffix("/v1").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("GET", "/v1/models")
        status = connection.getresponse().status
        connection.close()
    finally:
        process.send_signal(2)
        code = process.wait(timeout=20)
        process.stdout.close() if process.stdout else None

    assert host == "127.0.0.1"
    assert status == 200
    assert code == 0
