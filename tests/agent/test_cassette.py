"""A streamed conversation with one tool call, replayed from a cassette with the network blocked.

The cassette was recorded over real HTTP through ChatOpenAI; each response in it says who answered (`x-answered-by`). As
committed that is the embedded brain at its own endpoint, not a language model. To record it again:

    .venv/bin/python -m pytest tests/agent/test_cassette.py --record-mode=rewrite

With OPENAI_API_KEY set (and OPENAI_BASE_URL, QUEUEWRIGHT_MODEL) a real endpoint answers instead. Prompt, tools and
knowledge are fixed here, so only a change of what goes over the wire makes a new recording necessary.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic import SecretStr

from agent.session import Answered, Token, ToolFinished, ToolStarted, open_agent
from tests.agent.doubles import fixed_knowledge
from tools.config import ModelConfig, load_config
from tools.registry import FRAMEWORKS, TOOLS, Registry
from tools.runner import Runner

CASSETTE = Path(__file__).parent / "cassettes" / "test_cassette" / "streamed_tool_call.yaml"
NOWHERE = "http://endpoint.invalid/v1"
PROMPT = "You help with queues. Look with a tool before you claim anything. Answer in Markdown, briefly."
KEPT_HEADERS = {"accept", "content-type"}
EMBEDDED = "the embedded brain of Queuewright at agent.embedded.endpoint, no language model"


@pytest.fixture
def model(record_mode: str) -> Iterator[ModelConfig]:
    """Where the conversation goes: nowhere on replay; else a real endpoint, or the embedded brain's own."""
    if record_mode == "none":
        recorded = yaml.safe_load(CASSETTE.read_text())["interactions"][0]["request"]["body"]
        yield ModelConfig(name=json.loads(recorded)["model"], base_url=NOWHERE, api_key=SecretStr("no-key-here"))
    elif key := os.environ.get("OPENAI_API_KEY"):
        url = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1")
        yield ModelConfig(name=os.environ["QUEUEWRIGHT_MODEL"], base_url=url, api_key=SecretStr(key))
    else:
        from agent.embedded.endpoint import serve

        with serve() as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield ModelConfig(name="queuewright-embedded", base_url=server.url)
            server.shutdown()


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    """Matches on the body; keeps neither keys nor cookies nor the endpoint's address."""
    answered_by = EMBEDDED

    def request(asked: Any) -> Any:
        nonlocal answered_by
        host = urlsplit(asked.uri).hostname
        answered_by = EMBEDDED if host == "127.0.0.1" else f"{host}"
        asked.uri = f"{NOWHERE}/chat/completions"
        asked.headers = {k: v for k, v in asked.headers.items() if k.lower() in KEPT_HEADERS}
        return asked

    def response(given: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in given["headers"].items() if k.lower() in KEPT_HEADERS}
        given["headers"] = {"x-answered-by": [answered_by]} | kept
        return given

    return {
        "match_on": ["method", "uri", "body"],
        "filter_headers": ["authorization", "cookie", "set-cookie"],
        "before_record_request": request,
        "before_record_response": response,
    }


@pytest.mark.vcr
@pytest.mark.default_cassette(CASSETTE.name)
@pytest.mark.block_network
async def test_a_streamed_conversation_with_a_tool_call(
    model: ModelConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given one target that needs no network, and one tool
    (tmp_path / "world.yaml").write_text("{}\n")
    monkeypatch.setattr("agent.nodes.think.expertise", lambda _lang: PROMPT)
    config = load_config(
        target_args=[f"main=redis+stub://{tmp_path}/world.yaml"], environ={"QUEUEWRIGHT_HOME": str(tmp_path)}
    ).model_copy(update={"model": model})
    only = Registry(
        frameworks=tuple(f for f in FRAMEWORKS if f.id == "celery"),
        tools=tuple(t for t in TOOLS if t.name == "list_targets"),
    )
    runner = Runner(config, registry=only, surface="test", knowledge=fixed_knowledge)
    # When
    async with open_agent(config, surface="test", streams=True, runner=runner) as agent:
        events = [event async for event in agent.stream("Which targets do I have?", thread_id="t")]
    # Then the model called the tool, and its answer came in pieces and names what the tool found
    assert [e for e in events if isinstance(e, ToolStarted)] == [ToolStarted("list_targets", {})]
    assert [(e.name, e.status) for e in events if isinstance(e, ToolFinished)] == [("list_targets", "ok")]
    pieces = [e.text for e in events if isinstance(e, Token)]
    last = events[-1]
    assert isinstance(last, Answered)
    assert len(pieces) > 1
    assert last.answer["answer"].startswith("".join(pieces))
    assert "main" in last.answer["answer"]
    assert last.answer["usage"]["input_tokens"] > 0
    assert last.answer["partial"] is False


def test_the_cassette_says_who_answered_and_holds_no_credentials() -> None:
    text = CASSETTE.read_text()
    interactions = yaml.safe_load(text)["interactions"]
    assert len(interactions) == 2
    assert all(i["response"]["headers"]["x-answered-by"] for i in interactions)
    assert {k.lower() for i in interactions for k in i["request"]["headers"]} <= KEPT_HEADERS
    assert not any(word in text.lower() for word in ("bearer", "authorization", "cookie", "127.0.0.1"))
