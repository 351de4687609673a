"""A message of several sentences or clauses: what its last words ask for, and what they only add."""

from __future__ import annotations

import pytest

MAIL = {"target": "main", "queue": "mail"}


@pytest.mark.parametrize(
    "text",
    [
        "which tasks are the workers executing and how long already?",
        "what are the workers running now, and since when?",
        "Какие задачи сейчас на воркерах и как давно?",
        "Что выполняют воркеры и как долго?",
    ],
)
def test_a_bare_how_long_asks_for_no_second_call(ask, text):
    route = ask(text)
    assert (route.tool, route.steps) == ("inspect_workers", [])


@pytest.mark.parametrize(
    "text",
    [
        "Could Redis on main drop our messages? Diagnose.",
        "Грозит ли main потеря задач? Диагностируй.",
        "Memory of redis worries me. Diagnose!",
    ],
)
def test_a_closing_order_of_one_word_counts(ask, text):
    route = ask(text)
    assert (route.tool, route.args) == ("diagnose", {"target": "main"})


@pytest.mark.parametrize(
    "text",
    [
        "ok, just show how long it is then",
        "then at least tell me how big it is",
        "тогда просто скажи, какой она длины",
        "хотя бы покажи, насколько она длинная",
    ],
)
def test_an_indirect_question_for_the_length_looks_at_the_queue(ask, text):
    route = ask(text, facts=MAIL, queues=["mail"], previous="purge the queue mail")
    assert (route.tool, route.args) == ("inspect_queue", MAIL)


@pytest.mark.parametrize("text", ["what does queue depth mean?", "что такое глубина очереди?"])
def test_a_word_of_the_field_is_explained(ask, text):
    assert ask(text).kind == "knowledge"
