"""What is said without any tool: knowledge, talk, questions back, and what this version cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from agent.embedded.brain import EmbeddedChatModel
from tests.agent.embedded.turns import Conversation, ScriptedRouter, planned, route_to, schemas, section

PREFETCH = section(
    "performance/prefetch#choose", "Prefetch is what a worker may hold. For long tasks hold 1.", heading="Choosing it"
)
QUESTION = "Why is my queue backing up?"


def said(conversation: Conversation, route: Any, question: str = QUESTION) -> str:
    model = EmbeddedChatModel(router=ScriptedRouter(route)).bind_tools(schemas())
    reply = model.invoke(conversation.ask(question))
    assert not reply.tool_calls
    return str(reply.content)


def test_a_live_question_without_a_target_quotes_asks_back_and_ends_with_one_line_on_adding_one() -> None:
    conversation = Conversation(targets=(), sections=[PREFETCH], introduced=False)

    answer = said(conversation, planned(("diagnose", {})))

    assert "Prefetch is what a worker may hold." in answer
    assert "which broker and which framework is it" in answer
    assert answer.count("--target") == 2  # the option and its example, on one line
    assert "--target" in answer.splitlines()[-1]
    assert "no language model answered" in answer


def test_a_live_question_that_names_its_system_is_not_asked_back() -> None:
    answer = said(
        Conversation(targets=(), sections=[PREFETCH]), planned(("diagnose", {})), "Why is my Celery queue stuck?"
    )

    assert "which broker" not in answer
    assert "--target" in answer.splitlines()[-1]


def test_a_question_that_lacks_its_target_gets_no_list_of_no_targets() -> None:
    answer = said(Conversation(targets=()), route_to("clarify", tool="inspect_broker", missing=["target"]))

    assert "the knowledge base has nothing that fits" in answer
    assert "Which target" not in answer


def test_what_needs_no_target_is_done_without_one() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(planned(("list_targets", {})))).bind_tools(schemas())

    reply = model.invoke(Conversation(targets=()).ask("Which targets are there?"))

    assert [c["name"] for c in reply.tool_calls] == ["list_targets"]


def test_a_knowledge_answer_reminds_of_targets_only_at_the_beginning_of_a_conversation() -> None:
    first = said(Conversation(targets=(), sections=[PREFETCH], introduced=False), route_to("knowledge"))
    later = said(Conversation(targets=(), sections=[PREFETCH], introduced=True), route_to("knowledge"))

    assert "--target" in first
    assert "--target" not in later


@pytest.mark.parametrize(("lang", "line"), [("en", "no language model answered"), ("ru", "языковой модели здесь нет")])
def test_it_says_what_it_is_once_in_a_conversation(lang: str, line: str) -> None:
    first = said(Conversation(lang=lang, introduced=False), route_to("off_topic"))
    later = said(Conversation(lang=lang, introduced=True), route_to("off_topic"))

    assert first.count(line) == 1
    assert line in first.splitlines()[-1]
    assert line not in later


def test_asked_who_it_is_it_does_not_pretend_to_be_a_language_model() -> None:
    assert "No language model answers here" in said(Conversation(), route_to("smalltalk"), "Are you ChatGPT?")


def test_thanks_are_answered_as_thanks_in_the_language_of_the_thread() -> None:
    thanks = said(Conversation(lang="ru"), route_to("smalltalk"), "Спасибо, помогло")

    assert thanks == "Пожалуйста. Обращайтесь, когда что-нибудь встанет в очередь."
    assert said(Conversation(lang="ru"), route_to("smalltalk"), "Привет") != thanks


def test_what_is_missing_is_asked_for_with_the_candidates() -> None:
    route = route_to("clarify", tool="measure", missing=["target", "queue"])

    answer = said(Conversation(targets=("main", "spare"), queues=("mail",)), route)

    assert answer == "Which target do you mean: `main`, `spare`? Which queue do you mean: `mail`?"


def test_a_queue_nobody_has_seen_yet_is_asked_for_by_name() -> None:
    answer = said(Conversation(), route_to("tool", tool="peek_messages", args={"target": "main"}, missing=["queue"]))

    assert answer == "Which queue do you mean? Give me its name as the framework knows it."


def test_an_unsure_route_offers_the_three_nearest_things() -> None:
    answer = said(
        Conversation(), route_to("clarify", nearest=["inspect_workers", "measure", "diagnose", "list_targets"])
    )

    offers = [line for line in answer.splitlines() if line.startswith("- ")]
    assert len(offers) == 3
    assert "workers" in offers[0]


@pytest.mark.parametrize(
    ("lang", "refusal"),
    [
        ("en", "This version cannot purge a queue; nothing was done."),
        ("ru", "Эта версия не умеет очищать очередь; ничего не сделано."),
    ],
)  # fmt: skip
def test_a_wish_that_this_version_cannot_fulfil_is_refused_in_words(lang: str, refusal: str) -> None:
    route = route_to("not_available", wanted="purge_queue", nearest=["inspect_queue", "purge_queue"])

    answer = said(Conversation(lang=lang), route, "Purge mail")

    assert answer.startswith(refusal)
    assert answer.count("\n- ") == 3


def test_a_wish_for_advice_is_helped_with_what_is_written() -> None:
    route = route_to("not_available", wanted="recommend_architecture")

    answer = said(Conversation(sections=[PREFETCH]), route, "Which broker should I take?")

    assert "nothing was done" in answer
    assert "[performance/prefetch#choose]" in answer


def test_without_any_tools_a_live_question_gets_what_is_written() -> None:
    model = EmbeddedChatModel(router=ScriptedRouter(planned(("diagnose", {"target": "main"}))))

    answer = str(model.invoke(Conversation(sections=[PREFETCH]).ask(QUESTION)).content)

    assert answer.startswith("No tools are at hand")
    assert "[performance/prefetch#choose]" in answer


def test_a_conversation_without_context_is_answered_in_the_language_of_the_question() -> None:
    from langchain_core.messages import HumanMessage

    model = EmbeddedChatModel(router=ScriptedRouter(route_to("off_topic")))

    assert "Об этом мне ничего не известно" in str(model.invoke([HumanMessage("Какая завтра погода?")]).content)


def test_without_context_it_says_what_it_is_in_its_first_answer_only() -> None:
    from langchain_core.messages import AIMessage, HumanMessage

    model = EmbeddedChatModel(router=ScriptedRouter(route_to("off_topic")))

    first = str(model.invoke([HumanMessage("Weather?")]).content)
    second = str(model.invoke([HumanMessage("Weather?"), AIMessage(first), HumanMessage("And now?")]).content)

    assert "no language model answered" in first
    assert "no language model answered" not in second
