from __future__ import annotations

import pytest

from knowledge.language import detect_language


@pytest.mark.parametrize(
    "question",
    [
        "Почему celery worker не читает prefetch_multiplier?",
        "настрой worker_prefetch_multiplier и task_acks_late",
        "Redis RabbitMQ Kafka: что выбрать",
        "Celery prefetch visibility timeout: сколько",
        "что значит `the queue is full`",
        "ОЧЕРЕДЬ РАСТЁТ",
    ],
)
def test_product_and_code_names_do_not_make_a_russian_question_english(question: str) -> None:
    assert detect_language(question) == "ru"


@pytest.mark.parametrize(
    "question",
    ["Why is my queue backing up?", "what does the queue named «очередь» hold", "LLEN celery", "???", ""],
)
def test_english_stays_english_even_when_it_quotes_a_russian_word(question: str) -> None:
    assert detect_language(question) == "en"
