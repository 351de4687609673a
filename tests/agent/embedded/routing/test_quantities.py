"""Numbers, durations and states."""

from __future__ import annotations

import pytest

from agent.embedded.quantities import limit, message_state, window


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("measure for 30 seconds", 30),
        ("watch it for half a minute", 30),
        ("look at it for a minute", 60),
        ("measure for 5 minutes", 60),
        ("a 20 second sample", 20),
        ("замерь 15 сек", 15),
        ("понаблюдай полминуты", 30),
        ("последи минуту", 60),
        ("за двадцать секунд", 20),
    ],
)
def test_a_stated_window_is_read_in_seconds_and_capped(text, seconds):
    assert window(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "how many tasks per minute",
        "tasks have been stuck for 30 seconds",
        "will it be empty in two hours",
        "сколько задач в минуту",
        "задачи висят уже 40 секунд",
        "измерь поток",
    ],
)
def test_a_rate_an_age_and_a_forecast_are_no_window(text):
    assert window(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("show 3 messages", 3),
        ("the first ten tasks", 10),
        ("покажи пять задач", 5),
        ("500 messages please", 20),
        ("one message", 1),
        ("show a couple of messages", None),
        ("пару сообщений", None),
        ("show the dead one", None),
        ("watch for 30 seconds", None),
    ],
)
def test_a_limit_is_a_number_of_messages_at_most_twenty(text, number):
    assert limit(text) == number


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("delayed tasks", "scheduled"),
        ("tasks with an eta", "scheduled"),
        ("tasks being retried", "retry"),
        ("failed jobs", "dead"),
        ("the DLQ", "dead"),
        ("jobs in progress", "active"),
        ("отложенные задачи", "scheduled"),
        ("задачи на ретрае", "retry"),
        ("мёртвые сообщения", "dead"),
        ("задачи в работе", "active"),
        ("waiting messages", None),
        ("сообщения", None),
    ],
)
def test_a_state_is_taken_only_when_it_is_said(text, state):
    assert message_state(text) == state
