"""The real command in a process of its own, and a model endpoint that says what a test wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, str(ROOT / "queuewright.py")]


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Stdout as one JSON document."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def built_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with a built index; every home of these tests shares it."""
    home = tmp_path_factory.mktemp("built")
    done = subprocess.run(
        [*COMMAND, "index"], env=clean_environment(home), cwd=home, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return home / "cache"


@pytest.fixture
def environment(tmp_path: Path, built_cache: Path) -> dict[str, str]:
    """A home of the test's own, with the built index, and nothing of the machine's configuration."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "cache").symlink_to(built_cache)
    return clean_environment(home)


@pytest.fixture
def queuewright(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Done]:
    """Runs the command: `queuewright("ask", "-", stdin=b"…", OPENAI_BASE_URL="…")`."""

    def run(*arguments: str, stdin: bytes = b"", **variables: str) -> Done:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin,
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
        )
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    return run


def clean_environment(home: Path) -> dict[str, str]:
    """Of the machine only what a process needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "OPENBLAS_NUM_THREADS") if name in os.environ}
    return kept | {"QUEUEWRIGHT_HOME": str(home), "HOME": str(home), "LANG": "C.UTF-8"}


@dataclass
class Endpoint:
    """An OpenAI-compatible server. Each request takes the next of `replies`; `None` in one means that it falls silent
    there. `silent` is set when that has happened."""

    replies: list[list[str | None]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    key: str = "sk-test-key-of-the-endpoint"

    @property
    def variables(self) -> dict[str, str]:
        """For the command's environment."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.key, "QUEUEWRIGHT_MODEL": "scripted"}


class Handler(BaseHTTPRequestHandler):
    """Plays the server's self.script."""

    script: Endpoint

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.script.key}":
            self.send_response(401)
            self.end_headers()
            return
        self._json({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        self.script.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        parts = self.script.replies.pop(0)
        if self.script.asked[-1].get("stream"):
            self._stream(parts)
        else:
            message = {"role": "assistant", "content": "".join(part or "" for part in parts)}
            self._json(_chunk("chat.completion", message=message, finish_reason="stop"))

    def _json(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, parts: list[str | None]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for part in parts:
            if part is None:
                self.script.silent.set()
                self.script.ended.wait()
                return
            self._event(_chunk("chat.completion.chunk", delta={"role": "assistant", "content": part}))
        self._event(_chunk("chat.completion.chunk", delta={}, finish_reason="stop"))
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, document: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(document)}\n\n".encode())
        self.wfile.flush()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A running one."""
    script = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ScriptHandler", (Handler,), {"script": script}))
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield script
    script.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


def _chunk(kind: str, **choice: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "object": kind,
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "finish_reason": None, **choice}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
