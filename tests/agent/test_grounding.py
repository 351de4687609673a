"""Numbers and queue names of a draft: which count as read, which do not."""

from __future__ import annotations

from typing import Any

import pytest

from agent.nodes.grounding import unsupported
from knowledge.loader import load

RESULT: dict[str, Any] = {
    "queues": [{"name": "mail", "ready": 12_500}, {"name": "mail.high", "ready": 1_000}],
    "memory": {"used_bytes": 157_286_400},
    "runtime_s": 5_400.0,
    "arrival_per_s": 1.25,
    "utilization": 0.873,
    "summary": "Workers: 3 of 7 answer; visibility timeout 45 minutes.",
}


@pytest.mark.parametrize(
    "draft",
    [
        "There are 1,000 messages.",
        "Здесь 1 000 сообщений.",
        "Здесь 1\u00a0000 сообщений.",
        "Es gibt 1000.",
        "12,500 wait, that is 12.5k.",
        "Ждут 12 500, то есть 12,5 тыс.",
        "It uses 150 MiB.",
        "Занято 150 МиБ.",
        "It has run for 90 min, or 1.5 h.",
        "Идёт 90 минут (1,5 ч).",
        "Utilization is 87 %, more exactly 87.3%.",
        "Загрузка 87 %.",
        "75 messages per minute arrive.",
        "Приходит 75 сообщений в минуту.",
        "3 of 7 workers answer; the timeout is 45 minutes.",
        "There are 2 queues.",  # so many stand in the list
    ],
)
def test_what_was_read_may_be_said_in_any_notation(draft: str) -> None:
    assert unsupported(draft, [RESULT], []) == []


@pytest.mark.parametrize(
    ("draft", "wrong"),
    [
        ("There are 4242 messages.", ["4242"]),
        ("The queue has 4242 messages.", ["4242"]),
        ("There are 9,001 messages.", ["9,001"]),
        ("Здесь 1 001 сообщение.", ["1 001"]),
        ("It uses 151 MiB.", ["151"]),
        ("12.6k wait.", ["12.6"]),
        ("1,000 and -77 and 0,5.", ["77", "0,5"]),
        ("76 messages per minute arrive.", ["76"]),
        ("Worker celery-9 hangs.", ["9"]),
        ("- 4242 items\n- 1000 items", ["4242"]),
        ("| ready | 4242 |", ["4242"]),
        ("**4242** wait", ["4242"]),
    ],
)
def test_an_invented_number_is_found_wherever_it_stands(draft: str, wrong: list[str]) -> None:
    assert unsupported(draft, [RESULT], []) == wrong


@pytest.mark.parametrize(
    "draft",
    [
        "```sh\nredis-cli -p 6399 LLEN mail\n```",
        "Run `celery worker -c 48` now.",
        "It is so [e12] [scaling/vertical-2#part-88].",
        "1. Look.\n2. Act.\n42. Rest.",
        "## 5. Next",
        "Celery 5.7 with Redis 8.1 and RabbitMQ 4.3.1 on 2026-11-24T02:00:00Z at 14:35.",
        "See https://example.org/v99/page-4242.",
        "Hash it with SHA-256 over HTTP/2.",
        "Step 9 is optional.",
    ],
)
def test_code_references_lists_versions_and_dates_are_not_checked(draft: str) -> None:
    assert unsupported(draft, [RESULT], []) == []


def test_the_question_may_be_repeated() -> None:
    assert unsupported("With 640 tasks a second …", [], ["We have 640 tasks a second, why?"]) == []


def test_no_section_of_the_knowledge_base_needs_a_correction_when_it_is_quoted() -> None:
    # Given every section in both languages, as a turn has them
    quoted = {f"{s.id}@{s.lang}": unsupported(s.text, [{"sections": [{"text": s.text}]}], []) for s in load().sections}
    # Then the same words, said again, are all supported
    assert len(quoted) > 100
    assert {where: wrong for where, wrong in quoted.items() if wrong} == {}


@pytest.mark.parametrize(
    ("draft", "wrong"),
    [
        ("The queue `mail` is deep.", []),
        ("Очередь «mail» растёт, `mail.high` queue too.", []),
        ("The queue `ghost` is deep.", ["ghost"]),
        ("The `ghost` queue is deep.", ["ghost"]),
        ("Queues `mail`, `ghost` and `spook` are deep.", ["ghost", "spook"]),
        ("Очереди «mail» и «призрак» растут.", ["призрак"]),
        ("The queue `mai` is deep.", ["mai"]),
    ],
)
def test_a_queue_that_nobody_read_is_found(draft: str, wrong: list[str]) -> None:
    assert unsupported(draft, [RESULT], []) == wrong
