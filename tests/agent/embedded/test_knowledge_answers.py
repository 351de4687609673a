"""Knowledge is quoted in its own sentences, with its id; a weak or missing match is said."""

from __future__ import annotations

import pytest

from agent.embedded.brain import EmbeddedChatModel
from agent.embedded.compose.excerpt import BUDGET, excerpt
from knowledge.loader import load
from tests.agent.embedded.turns import Conversation, ScriptedRouter, envelope, final, planned, route_to, section

LONG = "\n\n".join(
    [
        "A queue without consumers only grows. " + "Filler about something else entirely goes here. " * 12,
        "Restart the worker with the same options, e.g. the queue list. It takes 4.5 s.",
        "```bash\nredis-cli LLEN mail\n\nredis-cli HLEN unacked\n```",
        "1. First check the deployment, with all its replicas.\n2. Then check the address.\n   It may be another one.",
        "More filler follows here, without any use. " * 12,
    ]
)


def answer_to(question: str, *sections: dict[str, object], kind: str = "knowledge", **context: object) -> str:
    model = EmbeddedChatModel(router=ScriptedRouter(route_to(kind)))
    return str(model.invoke(Conversation(sections=sections, **context).ask(question)).content)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_article_is_quoted_in_its_own_words(lang: str) -> None:
    for piece in (s for s in load().sections if s.lang == lang):
        quoted = excerpt(piece.text, piece.heading, budget=300)

        words = " ".join(piece.text.split())
        parts = [" ".join(part.split()) for part in quoted.split("…")]
        assert [part for part in parts if part not in words] == [], piece.id
        assert quoted.count("```") % 2 == 0, piece.id


def test_a_short_section_is_quoted_whole() -> None:
    text = "One sentence. Another one.\n\n- a point\n- a second point"

    assert excerpt(text, "anything") == text


def test_a_long_section_is_cut_at_sentence_borders_in_favour_of_the_question() -> None:
    quoted = excerpt(LONG, "How do I restart the worker?")

    assert quoted.startswith("A queue without consumers only grows.")
    assert "Restart the worker with the same options, e.g. the queue list. It takes 4.5 s." in quoted
    assert "redis-cli LLEN mail\n\nredis-cli HLEN unacked\n```" in quoted
    assert "…" in quoted
    assert len(quoted) < len(LONG) - 200
    assert len(quoted) < 1.4 * BUDGET


def test_the_best_section_is_cited_and_the_others_are_offered() -> None:
    best = section("performance/prefetch#choose", "Hold as little as possible.", heading="Choosing prefetch")
    other = section("scaling/priorities#celery", "Priorities.", heading="Priorities in Celery", score=0.6)

    far = section("a/b#c", "Far away.", heading="Far", score=0.3)

    answer = answer_to("How do I choose prefetch?", best, other, far)

    assert answer == (
        "**Choosing prefetch** [performance/prefetch#choose]\n\nHold as little as possible.\n\n"
        "Related: Priorities in Celery [scaling/priorities#celery]."
    )


def test_a_weak_match_is_said_to_be_one() -> None:
    weak = section("a/b#c", "Something.", score=0.4)

    assert answer_to("How?", weak).startswith("I am not sure that this answers the question")
    assert answer_to("Как?", weak | {"lang": "ru"}, lang="ru").startswith("Не уверен, что это ответ")


def test_nothing_is_quoted_when_the_question_is_off_topic() -> None:
    answer = answer_to("What is the capital of France?", section("a/b#c", "Something."), off_topic=True)

    assert answer.startswith("I have nothing on this")
    assert "[a/b#c]" not in answer


def test_a_section_in_the_other_language_is_announced() -> None:
    answer = answer_to("Как выбрать prefetch?", section("a/b#c", "Hold little."), lang="ru")

    assert answer.startswith("Раздел приводится на другом языке (английский):")


def test_a_search_quotes_its_first_hit() -> None:
    hits = [section("a/b#c", "Found this."), section("a/d#e", "And that.", heading="Second")]
    route = planned(("search_knowledge", {"query": "prefetch"}))

    answer = final(route, Conversation().ask("Search for prefetch"), envelope("search_knowledge", {"hits": hits}))

    assert "Found this." in answer
    assert "Second [a/d#e]" in answer


def test_a_search_without_hits_says_so() -> None:
    route = planned(("search_knowledge", {"query": "bananas"}))
    result = envelope("search_knowledge", {"hits": [], "off_topic": True})

    assert (
        final(route, Conversation().ask("Search for bananas"), result) == "The knowledge base has nothing on `bananas`."
    )
