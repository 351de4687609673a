"""Mistyped names are told from other names."""

from __future__ import annotations

import pytest

from tools.diagnosis.names import similar


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email", "emails"),
        ("mail", "e-mail"),
        ("mail", "mial"),
        ("Mail", "mail"),
        ("send_mail", "mail-send"),
        ("repotrs", "reports"),
    ],
)
def test_typing_mistakes(one: str, other: str) -> None:
    assert similar(one, other)
    assert similar(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("jobs-1", "jobs-2"), ("mail", "video"), ("a", "b"), ("mail", "mail"), ("q10", "q11")]
)
def test_other_names(one: str, other: str) -> None:
    assert not similar(one, other)
