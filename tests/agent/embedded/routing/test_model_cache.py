"""The fitted model is kept, and a kept file is never trusted blindly."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.embedded import intents
from agent.embedded.router import Request, Router
from knowledge.embeddings import EmbeddedEmbedder

QUESTION = Request("how many messages are in mail?", targets={"main": "redis"})


class CountingEmbedder(EmbeddedEmbedder):
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0

    def embed(self, texts):
        self.texts += len(texts)
        return super().embed(texts)


@pytest.fixture
def _few_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fitting on a part of the examples is quick, and good enough to see that it happened."""
    some = intents.examples()[::4]
    monkeypatch.setattr(intents, "examples", lambda: some)


def _kept(folder: Path) -> Path:
    (file,) = (folder / "router").iterdir()
    return file


def test_a_second_start_embeds_only_the_question(router, router_cache):
    embedder = CountingEmbedder()
    route = Router(router_cache, embedder).route(QUESTION)
    assert embedder.texts < 5
    assert route == router.route(QUESTION)


@pytest.mark.usefixtures("_few_examples")
def test_a_damaged_file_is_fitted_again(router, router_cache, tmp_path):
    copy = tmp_path / "router" / _kept(router_cache).name
    copy.parent.mkdir()
    copy.write_bytes(_kept(router_cache).read_bytes()[:5000])
    assert Router(tmp_path).route(QUESTION).tool == router.route(QUESTION).tool
    assert copy.stat().st_size > 5000


@pytest.mark.usefixtures("_few_examples")
def test_a_folder_that_cannot_be_written_only_costs_time(router, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert Router(blocked).route(QUESTION).tool == router.route(QUESTION).tool
