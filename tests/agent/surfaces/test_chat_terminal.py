"""`chat` at a terminal."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import COMMAND, Endpoint
from .terminal import Terminal

# Keys that come before it are taken by the terminal itself.
PROMPT = "\n>"

Chat = Callable[..., Terminal]


@pytest.fixture
def chat(environment: dict[str, str], tmp_path: Path) -> Iterator[Chat]:
    """Starts `chat` with these arguments and variables."""
    opened: list[Terminal] = []

    def start(*arguments: str, **variables: str) -> Terminal:
        opened.append(Terminal([*COMMAND, "chat", *arguments], environment | variables, tmp_path))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.__exit__(None, None, None)


def test_the_banner_names_model_targets_and_thread(chat: Chat) -> None:
    # When somebody starts to talk about a target
    screen = chat("--target", "main=redis://127.0.0.1:1/0", "--thread", "t1")

    # Then it says with what, about what, and where
    screen.sees("model embedded · targets main · thread t1")
    screen.sees(PROMPT)
    screen.type("\x04")
    assert screen.ends() == 0


def test_help_lists_the_commands_in_the_language_of_the_locale(chat: Chat) -> None:
    screen = chat(LANG="ru_RU.UTF-8")
    screen.sees("беседа")
    screen.sees(PROMPT)
    screen.type("/help\r")
    screen.sees("/targets       заданные цели")
    screen.sees(PROMPT)
    screen.type("/quit\r")
    assert screen.ends() == 0


def test_an_entry_may_have_several_lines(chat: Chat, endpoint: Endpoint) -> None:
    # Given a model that hears everything
    endpoint.replies = [["Heard."], ["Heard again."]]
    screen = chat(**endpoint.variables)
    screen.sees("thread")
    screen.sees(PROMPT)

    # When lines are added by a backslash and by Alt-Enter
    screen.type("first\\\rsecond\x1b\rthird\r")
    screen.sees("Heard.")
    screen.sees(PROMPT)

    # And when several lines are pasted
    screen.type("\x1b[200~fourth\nfifth\x1b[201~\r")
    screen.sees("Heard again.")

    # Then each is one question
    said = [request["messages"][-1]["content"] for request in endpoint.asked]
    assert said == ["first\nsecond\nthird", "fourth\nfifth"]


def test_control_c_stops_the_answer_and_an_empty_line_goes_on(chat: Chat, endpoint: Endpoint) -> None:
    # Given a model that falls silent in the middle of its answer
    endpoint.replies = [["The first half\n\n", None], ["The whole answer"]]
    screen = chat(**endpoint.variables)
    screen.sees("thread")
    screen.sees(PROMPT)
    screen.type("What is prefetch?\r")
    assert endpoint.silent.wait(60)
    screen.sees("The first half")

    # When Ctrl-C is pressed
    screen.type("\x03")

    # Then only the answer stops, and the turn can be resumed
    screen.sees("Stopped. An empty line goes on")
    screen.sees(PROMPT)
    screen.type("\r")
    screen.sees("The whole answer")
    assert [r["messages"][-1]["content"] for r in endpoint.asked] == ["What is prefetch?"] * 2
    screen.sees(PROMPT)
    screen.type("\x04")
    assert screen.ends() == 0


def test_a_failed_turn_is_one_line_and_the_chat_goes_on(chat: Chat, endpoint: Endpoint) -> None:
    screen = chat(**endpoint.variables | {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})
    screen.sees("thread")
    screen.sees(PROMPT)
    screen.type("What is prefetch?\r")
    screen.sees("queuewright: ")
    screen.sees(PROMPT)
    screen.type("/thread\r")
    screen.sees("This is thread")
    assert "Traceback" not in screen.text


def test_a_thread_is_taken_up_with_its_last_exchange(chat: Chat) -> None:
    # Given a conversation that has ended
    first = chat("--thread", "t2")
    first.sees("thread t2")
    first.sees(PROMPT)
    first.type("What is prefetch?\r")
    first.sees("Prefetch is the number of messages")
    first.sees(PROMPT)
    first.type("\x04")
    assert first.ends() == 0

    # When it is taken up again
    again = chat("--thread", "t2")

    # Then the last question and its answer stand there
    again.sees("you: What is prefetch?")
    again.sees("Prefetch is the number of messages")


def test_entries_are_kept_for_later_and_only_for_their_owner(chat: Chat, environment: dict[str, str]) -> None:
    # Given an entry that carries a password
    screen = chat()
    screen.sees("thread")
    screen.sees(PROMPT)
    screen.type("/nothing redis://:hunter2secret@host/0\r")
    screen.sees("There is no /nothing")
    screen.sees(PROMPT)
    screen.type("\x04")
    assert screen.ends() == 0

    # Then the file has the entry without the password, and nobody else can read it
    history = Path(environment["QUEUEWRIGHT_HOME"], "state", "history")
    assert "/nothing" in history.read_text(encoding="utf-8")
    assert "hunter2secret" not in history.read_text(encoding="utf-8")
    assert stat.S_IMODE(history.stat().st_mode) == 0o600

    # And the next conversation offers it
    later = chat()
    later.sees("thread")
    later.sees(PROMPT)
    later.type("\x1b[A")
    later.sees("/nothing")


def test_a_wrong_configuration_ends_the_chat_with_one_line(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "queuewright.toml").write_text("[targets.main]\nurl = 3\n", encoding="utf-8")
    screen = chat()
    screen.sees("queuewright: Target main has no url.")
    assert screen.ends() == 2
