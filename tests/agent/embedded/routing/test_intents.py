"""What a message wants."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("how do I configure a dead letter queue in RabbitMQ?", "knowledge"),
        ("как настроить visibility timeout в celery?", "knowledge"),
        ("hello!", "smalltalk"),
        ("спасибо большое", "smalltalk"),
        ("what will the weather be tomorrow?", "off_topic"),
        ("рецепт оливье", "off_topic"),
    ],
)
def test_talk_and_knowledge_call_no_tool(ask, text, kind):
    route = ask(text)
    assert (route.kind, route.tool, route.args) == (kind, None, {})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("scale celery-mail to 5 replicas", "scale_deployment"),
        ("restart the workers", "restart_deployment"),
        ("purge the mail queue", "purge_queue"),
        ("pause mail", "pause_queue"),
        ("верни мёртвые сообщения обратно в mail", "requeue_dead"),
        ("сгенерируй docker-compose для celery", "generate_config"),
        ("сними mail с паузы", "resume_queue"),
        ("проверь мой celeryconfig.py на ошибки", "audit_config"),
    ],
)
def test_a_wish_for_a_missing_tool_is_named_and_not_replaced(ask, text, wanted):
    route = ask(text)
    assert (route.kind, route.tool, route.steps, route.wanted) == ("not_available", None, [], wanted)


def test_a_greeting_does_not_hide_the_question(ask):
    route = ask("Hi there! Could you please tell me why the mail queue is stuck?")
    assert (route.tool, route.args) == ("diagnose", {"target": "main", "queue": "mail"})


def test_a_long_story_is_routed_by_its_question(ask):
    route = ask(
        "We moved to a new data centre last week. Since then customers complain that invoices come late. "
        "Nobody changed the code. Can you find out what is wrong with the `invoices` queue?"
    )
    assert (route.tool, route.args) == ("diagnose", {"target": "main", "queue": "invoices"})


@pytest.mark.parametrize(
    "text", ["look at push for 30 seconds and say what is wrong", "понаблюдай 30 секунд за push и скажи, что не так"]
)
def test_a_diagnosis_takes_the_stated_window(ask, text):
    assert ask(text).args == {"target": "main", "queue": "push", "window_s": 30}


def test_a_diagnosis_does_not_take_an_age_for_a_window(ask):
    assert ask("tasks have been stuck in push for 30 seconds, why?").args == {"target": "main", "queue": "push"}


@pytest.mark.parametrize("text", ["measure mail and tell me why it grows", "замерь mail и объясни, почему она растёт"])
def test_a_composite_wish_becomes_a_plan(ask, text):
    route = ask(text)
    about = {"target": "main", "queue": "mail"}
    assert route.steps == [("measure", about), ("diagnose", about)]
    assert (route.tool, route.args) == route.steps[0]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("search the knowledge base for visibility timeout", "visibility timeout"),
        ("what do the docs say about acks_late?", "acks_late"),
        ("найди в базе знаний про утечки памяти", "утечки памяти"),
        ("что в документации сказано о prefetch?", "prefetch"),
    ],
)
def test_a_search_carries_only_its_subject(ask, text, query):
    route = ask(text)
    assert (route.tool, route.args) == ("search_knowledge", {"query": query})


def test_running_tasks_without_a_queue_are_the_workers(ask):
    assert ask("show me the running tasks").tool == "inspect_workers"


def test_a_framework_is_passed_on_when_named(ask):
    assert ask("show me the celery workers").args == {"target": "main", "framework": "celery"}


@pytest.mark.parametrize("text", ["", "   ", "???", "🤷"])
def test_a_message_without_words_is_asked_back(ask, text):
    route = ask(text)
    assert (route.kind, route.tool) == ("clarify", None)


@pytest.mark.parametrize("order", ["{wish}\n{log}", "{log}\n{wish}"])
def test_a_pasted_log_does_not_hide_the_wish(ask, order):
    log = "\n".join(f"[INFO/MainProcess] celery@w1 task {n} succeeded in 0.{n}s" for n in range(1000))
    route = ask(order.format(wish="Why is the `invoices` queue stuck?", log=log))
    assert (route.tool, route.args["queue"]) == ("diagnose", "invoices")
