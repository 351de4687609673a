"""Which target a question is about."""

from __future__ import annotations

import pytest

MIXED = {"main": "redis", "rabbit": "rabbitmq", "log": "kafka"}
TWO = {"main": "redis", "cache": "redis"}


@pytest.mark.parametrize("text", ["which workers are alive?", "какие воркеры живы?"])
def test_the_only_target_needs_no_name(ask, text):
    assert ask(text, {"shop": "redis"}).args == {"target": "shop"}


@pytest.mark.parametrize("text", ["show all queues on cache", "покажи все очереди на cache", "очереди на кэше покажи"])
def test_a_named_target_wins_over_the_thread(ask, text):
    route = ask(text, TWO, facts={"target": "main"})
    assert (route.tool, route.args) == ("inspect_broker", {"target": "cache"})


def test_a_target_can_be_named_by_its_system_when_only_one_has_it(ask):
    assert ask("show me all queues on kafka", MIXED).args["target"] == "log"


def test_a_system_that_two_targets_share_names_none(ask):
    assert ask("how much memory does redis use?", TWO).missing == ["target"]


@pytest.mark.parametrize("text", ["how much memory is used?", "сколько памяти занято?"])
def test_a_live_question_without_a_target_asks_which(ask, text):
    route = ask(text, TWO)
    assert (route.kind, route.tool, route.missing, route.wanted) == ("clarify", None, ["target"], "inspect_broker")


@pytest.mark.parametrize("text", ["is everything ok?", "всё ли в порядке?"])
def test_a_diagnosis_without_a_target_looks_at_all_of_them(ask, text):
    route = ask(text, TWO)
    assert (route.tool, route.args) == ("diagnose", {})


def test_the_thread_answers_which_target(ask):
    assert ask("how much memory is used?", TWO, facts={"target": "cache"}).args == {"target": "cache"}


def test_all_targets_are_not_the_threads_target(ask):
    assert ask("check all targets for problems", TWO, facts={"target": "cache"}).args == {}


def test_the_main_reason_is_not_the_target_main(ask):
    assert ask("what is the main reason for the delay on cache?", TWO).args["target"] == "cache"


@pytest.mark.parametrize("text", ["why is my queue not moving?", "сколько сообщений в mail?"])
def test_without_any_target_a_live_question_goes_to_the_knowledge_base(ask, text):
    route = ask(text, {})
    assert (route.kind, route.tool, route.missing) == ("knowledge", None, ["target"])


def test_target_names_without_systems_will_do(ask):
    assert ask("show all queues on cache", ["main", "cache"]).args == {"target": "cache"}
