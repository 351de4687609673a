"""Messages that change or repeat the one before."""

from __future__ import annotations

import pytest

TWO = {"main": "redis", "cache": "redis"}
MAIL = {"target": "main", "queue": "mail"}


@pytest.mark.parametrize(
    ("previous", "text"),
    [("how many messages are in mail?", "no, I meant cache"), ("сколько сообщений в mail?", "нет, я про cache")],
)
def test_a_correction_keeps_the_wish_and_changes_the_target(ask, previous, text):
    route = ask(text, TWO, facts=MAIL, previous=previous)
    assert (route.tool, route.args) == ("inspect_queue", {"target": "cache", "queue": "mail"})


@pytest.mark.parametrize(
    ("previous", "text"),
    [
        ("show me 3 failed tasks in mail", "and push?"),
        ("покажи 3 упавшие задачи в mail", "а в push?"),
        ("show me 3 failed tasks in mail", "not mail, push"),
    ],
)
def test_a_fragment_keeps_number_and_state(ask, previous, text):
    route = ask(text, facts=MAIL, previous=previous)
    assert (route.tool, route.args) == (
        "peek_messages",
        {"target": "main", "queue": "push", "state": "dead", "limit": 3},
    )


def test_a_bare_name_answers_the_question_back(ask):
    route = ask("push", previous="show me the messages")
    assert (route.tool, route.args) == ("peek_messages", {"target": "main", "queue": "push"})


def test_a_window_alone_changes_the_measurement(ask):
    route = ask("for 20 seconds", facts=MAIL, previous="measure mail")
    assert (route.tool, route.args) == ("measure", {"target": "main", "queue": "mail", "seconds": 20})


@pytest.mark.parametrize("text", ["once more", "ещё раз"])
def test_again_repeats_the_wish(ask, text):
    route = ask(text, facts=MAIL, previous="how fast is mail draining?")
    assert (route.tool, route.args) == ("measure", {"target": "main", "queue": "mail"})


def test_a_new_wish_is_not_swallowed_by_the_one_before(ask):
    route = ask("and which workers are alive?", facts=MAIL, previous="how many messages are in mail?")
    assert route.tool == "inspect_workers"


def test_nothing_to_check_is_asked_back(ask):
    route = ask("check it", TWO)
    assert (route.kind, route.missing, len(route.nearest)) == ("clarify", ["target"], 3)
