"""The JSON documents of commands that need no broker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from .conftest import COMMAND, Done

Run = Callable[..., Done]


def test_search_gives_hits_of_one_language(queuewright: Run) -> None:
    done = queuewright("search", "что такое prefetch", "-k", "3", "--lang", "en", "--json")

    assert done.code == 0
    assert set(done.document) == {"hits", "off_topic", "elapsed_ms"}
    hits = done.document["hits"]
    assert len(hits) == 3
    assert all(set(hit) == {"id", "title", "heading", "lang", "score", "text"} for hit in hits)
    assert {hit["lang"] for hit in hits} == {"en"}
    assert hits[0]["id"].startswith("performance/prefetch#")
    assert done.document["off_topic"] is False


def test_search_says_when_nothing_fits(queuewright: Run) -> None:
    done = queuewright("search", "best pizza in Naples")

    assert done.code == 0
    assert done.out.startswith("The knowledge base has nothing on this")


def test_search_goes_on_without_a_configured_embedder_that_cannot_be_reached(queuewright: Run) -> None:
    done = queuewright(
        "search",
        "what is prefetch",
        "--json",
        QUEUEWRIGHT_EMBEDDER="vendor-model",
        OPENAI_BASE_URL="http://127.0.0.1:1/v1",
    )

    assert (done.code, done.document["off_topic"]) == (0, False)
    assert "vendor-model" in done.err


def test_search_by_id_gives_every_section_without_scores(queuewright: Run) -> None:
    hits = queuewright("search", "--id", "performance/prefetch", "--json").document["hits"]

    assert len(hits) > 1
    assert {hit["id"].partition("#")[0] for hit in hits} == {"performance/prefetch"}
    assert {hit["score"] for hit in hits} == {None}


def test_an_unknown_id_was_looked_for_in_vain(queuewright: Run) -> None:
    done = queuewright("search", "--id", "performance/prefetsh", "--json")

    assert done.code == 1
    assert "performance/prefetch" in done.document["error"]["hint"]


def test_tools_have_risk_and_schema(queuewright: Run) -> None:
    tools = {tool["name"]: tool for tool in queuewright("tools", "--json").document["tools"]}

    assert set(tools["inspect_broker"]) == {"name", "risk", "description", "schema"}
    assert tools["inspect_broker"]["risk"] == "read"
    assert tools["inspect_broker"]["schema"]["required"] == ["target"]


def test_an_index_is_rebuilt_when_asked(queuewright: Run, tmp_path: Path) -> None:
    built = queuewright("index", "--json", QUEUEWRIGHT_HOME=str(tmp_path / "new"))
    kept = queuewright("index", "--json", QUEUEWRIGHT_HOME=str(tmp_path / "new"))
    again = queuewright("index", "--json", "--rebuild", QUEUEWRIGHT_HOME=str(tmp_path / "new"))

    assert set(built.document) == {"path", "embedder", "sections", "rebuilt", "seconds"}
    assert [done.document["rebuilt"] for done in (built, kept, again)] == [True, False, True]
    assert "100 %" in built.err
    assert Path(built.document["path"]).is_dir()


def test_a_reader_that_leaves_early_ends_the_output_quietly(environment: dict[str, str], tmp_path: Path) -> None:
    # Given more output than a pipe holds, and a reader that takes one line
    line = '"$@" search "queue" -k 50 | head -1'
    done = subprocess.run(["sh", "-c", line, "sh", *COMMAND], env=environment, cwd=tmp_path, capture_output=True)

    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == 1
