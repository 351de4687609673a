"""Secrets go, everything else stays."""

from __future__ import annotations

import pytest

from tools.redact import redact, redact_data


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("redis://:hunter22@cache:6379/0 refused", "hunter22"),
        ("amqp://user:p%40ss@host/ and more", "p%40ss"),
        ("redis://:pa@ss:w@cache:6379/0", "pa@ss"),
        ('{"password": "hunter22", "user": "ann"}', "hunter22"),
        ("api_key=sk-abcdefghijklmnop", "abcdefghijklmnop"),
        ("Authorization: Bearer abcdef.ghijkl-mnop", "abcdef.ghijkl"),
        ("declined: 4111 1111 1111 1111.", "4111 1111"),
        ("card 4111 1111 1111 1111 was declined", "4111 1111"),
        ("mail to ann.lee@example.com failed", "ann.lee"),
        ("AKIAABCDEFGHIJKLMNOP in env", "AKIAABCDEFGHIJKLMNOP"),
    ],
)
def test_a_secret_does_not_survive(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "***" in redact(text)


@pytest.mark.parametrize(
    "document",
    [
        {"password": {"value": "hunter2x"}},
        {"password": ["a", "hunter2x"]},
        {"credentials": ["bob", "hunter2x"]},
        {"db_pwd": "hunter2x"},
        {"auth": {"basic": "hunter2x"}},
        {"note": 'kwargs {"password": {"value": "hunter2x"}}'},
        {"note": "passwords: [aaa, hunter2x]"},
    ],
)
def test_a_secret_key_hides_its_value_whatever_the_type(document: dict[str, object]) -> None:
    assert "hunter2x" not in str(redact_data(document))


def test_codes_are_hidden_as_numbers_too_and_authors_are_not_secrets() -> None:
    assert redact_data({"pin": 4321, "author": "me", "tokens": 7}) == {"pin": "***", "author": "me", "tokens": 7}


@pytest.mark.parametrize(
    "text",
    [
        "LLEN celery = 10000 at 2026-11-24T02:00:00Z",
        "order 1234567890123 took 4.5 s",  # 13 digits that are no card number
        "redis://cache:6379/0",
        "task 6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "queue tokens has 5 messages",
    ],
)
def test_ordinary_text_survives(text: str) -> None:
    assert redact(text) == text


def test_a_configured_password_is_removed_wherever_it_stands() -> None:
    assert redact("WRONGPASS for correct-horse", "correct-horse") == "WRONGPASS for ***"


def test_nested_values_under_secret_keys_are_masked_and_numbers_are_not() -> None:
    # Given
    document = {"args": [{"token": "abc", "input_tokens": 12}], "note": "password: x1y2z3"}
    # When
    safe = redact_data(document)
    # Then
    assert safe == {"args": [{"token": "***", "input_tokens": 12}], "note": "password: ***"}
