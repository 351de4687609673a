"""What every request carries stays small and comes first, the same bytes each time, so that providers can cache it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent.nodes.runtime import Runtime
from agent.nodes.think import expertise
from agent.session import open_agent
from tests.agent.doubles import fixed_knowledge, scripted
from tests.agent.faulty_endpoint import saying, serving
from tools.config import Config
from tools.runner import Runner

# A token is counted as four characters of JSON.
PROMPT_CHARACTERS, SCHEMA_CHARACTERS = 1_200 * 4, 2_500 * 4


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_expertise_prompt_is_within_its_budget(lang: str) -> None:
    size = len(json.dumps(expertise(lang), ensure_ascii=False))
    assert 0.5 * PROMPT_CHARACTERS < size < PROMPT_CHARACTERS


def test_all_tool_schemas_together_are_within_their_budget(settings: Callable[..., Config]) -> None:
    config = settings()
    runtime = Runtime(config, Runner(config), scripted())
    size = len(json.dumps(runtime.tool_schemas, ensure_ascii=False, separators=(",", ":")))
    assert 0 < size < SCHEMA_CHARACTERS


async def test_two_turns_send_the_same_prefix_byte_for_byte(settings: Callable[..., Config]) -> None:
    # Given two turns that differ in question, targets and thread
    with serving(saying("Fine.")) as endpoint:
        model = {"name": "m", "base_url": endpoint.url}
        turns = {"How are you?": settings(model), "Why is it slow?": settings(model, a="redis://127.0.0.1:1/0")}
        for question, config in turns.items():
            runner = Runner(config, surface="test", knowledge=fixed_knowledge)
            async with open_agent(config, surface="test", runner=runner) as agent:
                await agent.ask(question)
    # Then the system prompt and the tools went over the wire as the same bytes
    first, second = ([part(body, "messages"), part(body, "tools")] for body in endpoint.bodies)
    assert first == second
    assert b"Queuewright" in first[0]
    assert b"inspect_broker" in first[1]


def part(body: bytes, key: str) -> bytes:
    """The raw bytes of the first element of `messages`, or of all `tools`."""
    start = body.index(b"[", body.index(b'"%s":' % key.encode()))
    decoder = json.JSONDecoder()
    text = body[start:].decode()
    end = decoder.raw_decode(text, 1 if key == "messages" else 0)[1]
    return text[:end].encode()
