"""Which queue a question is about, and when it is about none."""

from __future__ import annotations

import pytest

MAIL = {"target": "main", "queue": "mail"}


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("how many messages are in `orders.high`?", "orders.high"),
        ("how many messages are in the thumbnails queue?", "thumbnails"),
        ("how many tasks wait in email_digest", "email_digest"),
        ("how deep is billing", "billing"),
        ("how many jobs sit in the celery queue", "celery"),
        ("сколько сообщений в очереди `orders.high`?", "orders.high"),
        ("сколько задач в image-resize", "image-resize"),
        ("в mail-очереди сколько сообщений?", "mail"),
        ("какая длина у «payments»", "payments"),
        ("сколько сообщений в дефолтной очереди", "default"),
        ("HOW MANY MESSAGES ARE IN THE MAIL QUEUE", "mail"),
    ],
)
def test_a_queue_is_found_by_its_name(ask, text, queue):
    route = ask(text)
    assert (route.tool, route.args["queue"]) == ("inspect_queue", queue)


@pytest.mark.parametrize("text", ["почему на мейле затор", "why is mial stuck"])
def test_a_name_that_the_thread_has_seen_survives_spelling(ask, text):
    assert ask(text, queues=["mail"]).args["queue"] == "mail"


@pytest.mark.parametrize(
    "text", ["why does worker_prefetch_multiplier matter", "что делает task_reject_on_worker_lost"]
)
def test_a_setting_is_no_queue(ask, text):
    assert ask(text).kind == "knowledge"


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("why is it growing?", "diagnose"),
        ("show me a few messages from there", "peek_messages"),
        ("how fast is it draining?", "measure"),
        ("почему она растёт?", "diagnose"),
        ("покажи пару сообщений оттуда", "peek_messages"),
        ("когда она опустеет?", "measure"),
        ("сколько там?", "inspect_queue"),
    ],
)
def test_a_message_that_points_back_means_the_threads_queue(ask, text, tool):
    route = ask(text, facts=MAIL)
    assert (route.tool, route.args) == (tool, {"target": "main", "queue": "mail"})


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("show me all queues", "inspect_broker"),
        ("is everything ok with the broker?", "diagnose"),
        ("покажи все очереди", "inspect_broker"),
        ("какая очередь самая большая?", "inspect_broker"),
        ("and its workers?", "inspect_workers"),
    ],
)
def test_a_question_about_the_whole_broker_carries_no_queue(ask, text, tool):
    route = ask(text, facts=MAIL)
    assert (route.tool, route.args) == (tool, {"target": "main"})


@pytest.mark.parametrize("text", ["show me the messages", "покажи сообщения", "how long is the queue?"])
def test_a_tool_that_needs_a_queue_asks_for_it(ask, text):
    route = ask(text)
    assert (route.kind, route.tool, route.missing) == ("clarify", None, ["queue"])


def test_a_denied_name_is_not_meant(ask):
    assert ask("show the messages of push, not mail").args["queue"] == "push"


def test_several_queues_are_looked_at_one_by_one(ask):
    route = ask("how many messages are in `mail` and in `push`?")
    assert [args["queue"] for _, args in route.steps] == ["mail", "push"]
