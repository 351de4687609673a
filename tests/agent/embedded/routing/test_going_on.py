"""Follow-ups that only make sense after what was said before."""

from __future__ import annotations

import pytest

from agent.embedded.router import Request, Route, Router

FACTS = {"target": "main", "queue": "mail", "framework": "celery"}


@pytest.fixture(scope="module")
def router() -> Router:
    return Router()


def route(router: Router, text: str, previous: str, **facts: str) -> Route:
    return router.route(Request(text, "en", {"main": "redis", "spare": "redis"}, facts or FACTS, ["mail"], previous))


@pytest.mark.parametrize(
    "text", ["How do I fix that?", "ok, what should I do?", "Как это исправить?", "А что теперь делать?"]
)
def test_the_cure_of_what_was_diagnosed_comes_from_diagnosing_it_as_it_is_now(router: Router, text: str) -> None:
    found = route(router, text, "why is mail stuck on main?")
    assert (found.tool, found.args["target"], found.args["queue"]) == ("diagnose", "main", "mail")


def test_a_cure_is_not_looked_for_where_nothing_was_diagnosed(router: Router) -> None:
    assert route(router, "How do I fix that?", "hello there").kind != "tool"


def test_another_broker_is_diagnosed_without_the_queue_of_the_first(router: Router) -> None:
    found = route(router, "Теперь проверь spare", "почему стоит mail на main?")
    assert (found.tool, found.args) == ("diagnose", {"target": "spare"})


def test_a_yes_before_a_name_answers_the_question_that_was_asked_back(router: Router) -> None:
    found = route(router, "Yes, billing", "how long is the queue biling on main?")
    assert (found.tool, found.args["queue"]) == ("inspect_queue", "billing")


def test_everything_ok_with_this_queue_is_about_this_queue(router: Router) -> None:
    assert route(router, "С этой очередью всё в порядке?", "спасибо").args["queue"] == "mail"


def test_a_question_that_goes_on_keeps_the_framework(router: Router) -> None:
    assert route(router, "And why is it growing?", "how many celery tasks are in mail?").args["framework"] == "celery"


def test_a_diagnosis_after_a_measurement_does_not_watch_as_long_again(router: Router) -> None:
    found = route(router, "Measure mail on main for 5 seconds and tell me why it keeps growing", "hello")
    assert [tool for tool, _ in found.steps] == ["measure", "diagnose"]
    assert [args.get("seconds") or args.get("window_s") for _, args in found.steps] == [5, None]
