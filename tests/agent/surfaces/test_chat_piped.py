"""`chat` in a pipe: plain lines in, plain text out."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Done, Endpoint

Run = Callable[..., Done]


def test_each_line_is_a_question_of_one_conversation(queuewright: Run, endpoint: Endpoint) -> None:
    endpoint.replies = [["One."], ["Two."]]

    done = queuewright("chat", stdin=b"first\n\nsecond\n", **endpoint.variables)

    assert done.code == 0
    assert done.out.split() == ["One.", "Two."]
    assert "\x1b" not in done.out
    assert [message["content"] for message in endpoint.asked[1]["messages"] if message["role"] != "system"] == [
        "first",
        "One.",
        "second",
    ]


def test_a_line_that_fails_does_not_end_the_rest(queuewright: Run, endpoint: Endpoint) -> None:
    endpoint.replies = [["Answered."]]

    done = queuewright("chat", stdin=b"\xff\xfe\n/nothing\nwhy\n", **endpoint.variables)

    assert done.code == 1
    assert "Line 1 is not UTF-8" in done.err
    assert "There is no /nothing" in done.out
    assert "Answered." in done.out


def test_quit_leaves_the_rest_unread(queuewright: Run) -> None:
    done = queuewright("chat", stdin=b"/thread\n/quit\nwhy\n", LANG="ru_RU.UTF-8")

    assert done.code == 0
    assert done.out.startswith("Это беседа ")
    assert len(done.out.strip().splitlines()) == 1
