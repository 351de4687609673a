"""The path of real models, over real HTTP: through langchain-openai the brain says what it says in process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI

from agent.embedded.brain import EmbeddedChatModel
from agent.embedded.endpoint import serve
from tests.agent.embedded.turns import (
    Conversation,
    ScriptedRouter,
    answered,
    envelope,
    found,
    measured,
    planned,
    remedy,
    route_to,
    schemas,
    section,
)

PLAN = planned(("measure", {"target": "main", "queue": "mail"}), ("diagnose", {"target": "main"}))
SECTION = section("troubleshooting/no-consumers#cure", "Start a worker. Then wait.", heading="Bring consumers back")


@pytest.fixture
def router() -> ScriptedRouter:
    return ScriptedRouter(PLAN)


@pytest.fixture
def client(router: ScriptedRouter) -> Iterator[ChatOpenAI]:
    with serve(brain=EmbeddedChatModel(router=router)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        chat = ChatOpenAI(
            model="local", base_url=server.url, api_key="unused", timeout=20, max_retries=0, stream_usage=True
        )  # type: ignore[arg-type]
        yield chat
        chat.root_client.close()
        server.shutdown()
        thread.join()


def results_of(reply: AIMessage) -> list[dict[str, Any]]:
    """Envelopes of the tools that the reply calls."""
    finding = found(
        "no-consumers", "mail", "e2", summary="Nobody consumes it.", remedies=[remedy("Start a worker.", "celery …")]
    )
    known = {
        "measure": envelope(
            "measure",
            {"seconds": 5, "queues": [{"name": "mail", "trend": "growing", "points": [[0, 10], [5, 20]]}]},
            measured("e1", "queue.ready", "main/mail", 20),
        ),
        "diagnose": envelope("diagnose", {"findings": [finding]}, measured("e2", "queue.consumers", "main/mail", 0)),
    }
    return [known[c["name"]] for c in reply.tool_calls]


def walked(model: Any, messages: list[BaseMessage]) -> tuple[str, list[list[str]]]:
    """The answer, and the tools called in each round."""
    rounds: list[list[str]] = []
    while True:
        reply = model.invoke(messages)
        if not reply.tool_calls:
            return str(reply.content), rounds
        rounds.append([c["name"] for c in reply.tool_calls])
        messages = answered(messages, reply, *results_of(reply))


@pytest.mark.parametrize(
    ("lang", "question"), [("en", "Measure mail, then diagnose"), ("ru", "Измерь mail и найди причину")]
)
def test_a_tool_round_trip_over_http_ends_in_the_same_answer(
    client: ChatOpenAI, router: ScriptedRouter, lang: str, question: str
) -> None:
    messages = Conversation(lang=lang, sections=[SECTION], introduced=False).ask(question)

    over_http = walked(client.bind_tools(schemas()), messages)
    in_process = walked(EmbeddedChatModel(router=router).bind_tools(schemas()), messages)

    assert over_http == in_process
    assert over_http[1] == [["measure"], ["diagnose"]]
    assert "[troubleshooting/no-consumers#cure]" in over_http[0]
    assert over_http[0].count("`main/mail`") > 0


@pytest.mark.parametrize("kind", ["knowledge", "smalltalk", "off_topic", "clarify", "not_available"])
def test_direct_answers_are_the_same(client: ChatOpenAI, router: ScriptedRouter, kind: str) -> None:
    router.answer = route_to(kind)
    history = [HumanMessage("Hi"), AIMessage("Hello.")]
    messages = Conversation(sections=[SECTION]).ask("How do I bring consumers back?", *history)

    assert client.invoke(messages).content == EmbeddedChatModel(router=router).invoke(messages).content
    assert [request.previous for request in router.asked] == ["Hi", "Hi"]


def test_usage_is_reported_streaming_and_not(client: ChatOpenAI, router: ScriptedRouter) -> None:
    router.answer = route_to("knowledge")
    messages = Conversation(sections=[SECTION]).ask("How?")
    expected = EmbeddedChatModel(router=router).invoke(messages).usage_metadata
    assert expected is not None

    whole = client.invoke(messages)
    total = AIMessageChunk("")
    pieces = list(client.stream(messages))
    for piece in pieces:
        total += piece  # type: ignore[assignment]

    for message in (whole, total):
        assert message.usage_metadata is not None
        assert message.usage_metadata["total_tokens"] == expected["total_tokens"]
    assert total.content == whole.content
    assert sum(bool(p.content) for p in pieces) > 2


async def test_streamed_tool_calls_arrive_whole(client: ChatOpenAI) -> None:
    total = AIMessageChunk("")
    async for piece in client.bind_tools(schemas()).astream(Conversation().ask("Measure mail")):
        total += piece  # type: ignore[assignment]
    await client.root_async_client.close()

    assert [(c["name"], c["args"]) for c in total.tool_calls] == [("measure", {"target": "main", "queue": "mail"})]
