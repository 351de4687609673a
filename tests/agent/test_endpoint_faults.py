"""ChatOpenAI against an endpoint that fails: bounded in time and calls, honest, without a key in any message."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from agent.session import Agent, open_agent
from tests.agent.doubles import depth_tool, fixed_knowledge, registry
from tests.agent.faulty_endpoint import (
    Behaviour,
    FaultyEndpoint,
    body,
    calling,
    chunk,
    cut,
    dripping,
    events,
    in_turn,
    saying,
    serving,
    silent,
    status,
)  # fmt: skip
from tools.config import Config
from tools.errors import ModelFailed
from tools.runner import Runner, error_info

KEY = "sk-abcdefgh12345678"
WORD = chunk(content="So ")
LOOK = calling(("depth", '{"queue": "mail"}'))

Connect = Callable[..., Any]


@pytest.fixture
def connected(settings: Callable[..., Config]) -> Connect:
    """An agent of a model at an endpoint."""

    @asynccontextmanager
    async def build(endpoint: FaultyEndpoint | str, **limits: Any) -> AsyncIterator[Agent]:
        url = endpoint if isinstance(endpoint, str) else endpoint.url
        config = settings({"name": "m", "base_url": url, "timeout_s": 10, **limits})
        config = config.model_copy(update={"model": config.model.model_copy(update={"api_key": SecretStr(KEY)})})
        runner = Runner(
            config, registry=registry(depth_tool({"mail": 4242})), surface="test", knowledge=fixed_knowledge
        )
        async with open_agent(config, surface="test", runner=runner) as agent:
            yield agent

    return build


async def failed(agent: Agent) -> ModelFailed:
    """How a turn fails; within a time that only a missing bound would exceed."""
    with pytest.raises(ModelFailed) as caught:
        await asyncio.wait_for(agent.ask("How deep is mail?", thread_id="t"), 30)
    return caught.value


def said(error: ModelFailed) -> str:
    """What people read of it, in both languages."""
    infos = [error_info(error, lang, (KEY,)) for lang in ("en", "ru")]
    assert all(info.code == "model_failed" for info in infos)
    return "\n".join(f"{info.message} {info.hint}" for info in infos)


@pytest.mark.parametrize(
    ("behaviour", "text", "requests"),
    [
        (status(401, f"Incorrect API key provided: {KEY}"), "model_auth", 1),
        (status(403, f"key {'x' * 270} {KEY}"), "model_auth", 1),
        (status(404, "no such model"), "model_missing", 1),
        (status(400, "bad request"), "model_failed", 1),
        (status(429, "slow down", retry_after_ms="20"), "model_busy", 3),
        (status(500, "oops", retry_after_ms="20"), "model_failed", 3),
        (cut(WORD), "model_cut", 1),
        (events(WORD), "model_cut", 1),
        (events("{garbage"), "model_failed", 1),
        (body("<html>hello</html>", "text/html"), "model_failed", 1),
        (body("{}"), "model_failed", 1),
        (events({**WORD, "choices": []}, "[DONE]"), "model_empty", 1),
        (events({"error": {"message": f"boom {KEY}"}}), "model_failed", 1),
        (events(chunk(finish="stop"), "[DONE]"), "model_empty", 1),
    ],
)
async def test_a_fault_is_told_for_what_it_is(
    connected: Connect, behaviour: Behaviour, text: str, requests: int
) -> None:
    with serving(behaviour) as endpoint:
        async with connected(endpoint) as agent:
            error = await failed(agent)
    assert error.text == text
    assert len(endpoint.bodies) == requests
    assert "sk-abc" not in said(error) + str(error)
    assert "Traceback" not in said(error)


async def test_nothing_listens(connected: Connect) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with connected(f"http://127.0.0.1:{free.getsockname()[1]}/v1") as agent:
            error = await failed(agent)
    assert error.text == "model_unreachable"


@pytest.mark.parametrize(
    "behaviour",
    [
        silent(),
        silent(WORD),
        dripping(": keep-alive\n\n", 0.05),
        dripping(WORD, 0.05),
        status(429, "later", retry_after="30"),
    ],
)
async def test_an_endpoint_that_takes_its_time_is_given_up(connected: Connect, behaviour: Behaviour) -> None:
    with serving(behaviour) as endpoint:
        async with connected(endpoint, timeout_s=0.4) as agent:
            error = await failed(agent)
    assert error.text == "model_timeout"
    assert "0.4" in said(error)


async def test_a_flood_of_words_is_cut_and_said_to_be(connected: Connect) -> None:
    with serving(dripping(chunk(content="word " * 200), 0)) as endpoint:
        async with connected(endpoint, max_tokens_per_turn=2_000) as agent:
            answer = await asyncio.wait_for(agent.ask("How deep?"), 30)
    assert answer["partial"] is True
    assert "grew too long" in answer["answer"]
    assert len(answer["answer"]) < 20_000


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_fault_that_passes_is_no_fault(connected: Connect, code: int) -> None:
    with serving(in_turn(status(code, retry_after_ms="20"), saying("It is fine."))) as endpoint:
        async with connected(endpoint) as agent:
            answer = await agent.ask("How are you?")
    assert answer["answer"].strip() == "It is fine."
    assert answer["partial"] is False
    assert len(endpoint.bodies) == 2


@pytest.mark.parametrize("behaviour", [status(401), cut(WORD), events("{garbage")])
async def test_what_was_read_before_the_fault_is_given_as_a_partial_answer(
    connected: Connect, behaviour: Behaviour
) -> None:
    with serving(in_turn(LOOK, behaviour)) as endpoint:
        async with connected(endpoint) as agent:
            answer = await agent.ask("How deep is mail?")
    assert answer["partial"] is True
    assert "`Nobody takes mail.` [e1]" in answer["answer"]
    assert "4242" in answer["answer"]
    assert [e["id"] for e in answer["evidence"]] == ["e1"]


async def test_a_failed_turn_is_resumed_when_the_endpoint_is_back(connected: Connect) -> None:
    with serving(in_turn(status(401), saying("Back again."))) as endpoint:
        async with connected(endpoint) as agent:
            await failed(agent)
            answer = await agent.ask(None, thread_id="t")
    assert answer["answer"].strip() == "Back again."


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (calling(("depth", "{not json")), "bad_arguments"),
        (calling(("depth", '{"queue": "ma')), "bad_arguments"),
        (calling(("depth", '["mail"]')), "bad_arguments"),
        (calling(("depth", '{"colour": "red"}')), "bad_arguments"),
        (calling(("dpeth", "{}")), "unknown_tool"),
        (calling(("depth", '{"queue": "mail"}'), ("dpeth", "{}"), ids=False), "unknown_tool"),
    ],
)
async def test_wrong_tool_calls_come_back_to_the_endpoint(connected: Connect, behaviour: Behaviour, code: str) -> None:
    with serving(in_turn(behaviour, saying("Sorry."))) as endpoint:
        async with connected(endpoint) as agent:
            answer = await agent.ask("How deep?")
    assert answer["answer"].strip() == "Sorry."
    assert answer["partial"] is True
    assert f'\\"code\\":\\"{code}\\"' in endpoint.bodies[1].decode()


async def test_an_endless_tool_loop_is_ended(connected: Connect) -> None:
    with serving(LOOK) as endpoint:
        async with connected(endpoint) as agent:
            answer = await agent.ask("How deep?")
    assert len(endpoint.bodies) == 3
    assert answer["partial"] is True


async def test_streamed_usage_is_reported_and_priced(connected: Connect) -> None:
    with serving(in_turn(LOOK, saying("4242 [e1]", usage=(200, 30)))) as endpoint:
        async with connected(endpoint, prices={"m": {"input": 1, "output": 10}}) as agent:
            answer = await agent.ask("How deep?")
    assert answer["usage"] == {"input_tokens": 300, "output_tokens": 40, "cost_usd": pytest.approx(0.0007)}
    assert b'"include_usage":true' in endpoint.bodies[0]


async def test_unreported_usage_is_estimated(connected: Connect) -> None:
    with serving(saying("Fine.", usage=None)) as endpoint:
        async with connected(endpoint) as agent:
            answer = await agent.ask("How are you?")
    assert answer["usage"]["input_tokens"] > 500
    assert answer["usage"]["output_tokens"] > 0
