"""Wrong input: exit code 2, one line, and with `--json` one document; never a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Done

Run = Callable[..., Done]

WRONG = {
    "malformed JSON": (["call", "inspect_broker", "{"], b"", "bad_arguments"),
    "JSON that is no object": (["call", "inspect_broker", "[1]"], b"", "bad_arguments"),
    "JSON that is too deep": (["call", "inspect_broker", "-"], b"[" * 100_000, "bad_arguments"),
    "binary arguments": (["call", "inspect_broker", "-"], b"\xff\x00", "bad_arguments"),
    "arguments against the schema": (["call", "inspect_broker", '{"target": "a", "x": 1}'], b"", "bad_arguments"),
    "unknown tool": (["call", "inspect_everything"], b"", "unknown_tool"),
    "unknown target": (["call", "inspect_broker", '{"target": "nowhere"}'], b"", "unknown_target"),
    "no tool": (["call"], b"", "bad_arguments"),
    "no question": (["ask"], b"", "bad_arguments"),
    "empty question": (["ask", "  "], b"", "bad_arguments"),
    "empty stdin": (["ask", "-"], b"\n", "bad_arguments"),
    "binary question": (["ask", "-"], b"\x80\x81", "bad_arguments"),
    "question with zero bytes": (["ask", "-"], b"why\x00", "bad_arguments"),
    "question over the limit": (["ask", "-"], "я".encode() * 64_001, "bad_arguments"),
    "malformed target": (["ask", "why", "--target", "main"], b"", "bad_arguments"),
    "missing configuration": (["ask", "why", "--config", "nowhere.toml"], b"", "bad_arguments"),
    "unknown language": (["ask", "why", "--lang", "de"], b"", "bad_arguments"),
    "unknown option": (["ask", "why", "--nothing"], b"", "bad_arguments"),
    "unknown command": (["nothing"], b"", "bad_arguments"),
    "no query": (["search"], b"", "bad_arguments"),
    "query and id": (["search", "q", "--id", "a/b"], b"", "bad_arguments"),
    "no number of hits": (["search", "q", "-k", "many"], b"", "bad_arguments"),
}


@pytest.mark.parametrize(("arguments", "stdin", "code"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_line_and_one_document(
    queuewright: Run, arguments: list[str], stdin: bytes, code: str
) -> None:
    done = queuewright(*arguments, "--json", stdin=stdin)

    assert done.code == 2
    assert done.document["error"]["code"] == code
    assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


def test_a_failed_call_keeps_the_shape_of_a_call(queuewright: Run) -> None:
    done = queuewright("call", "inspect_everything", "--json")

    assert done.document["tool"] == "inspect_everything"
    assert done.document["status"] == "error"


def test_without_json_nothing_stands_on_stdout(queuewright: Run) -> None:
    done = queuewright("ask", "")

    assert (done.code, done.out) == (2, "")
    assert "empty" in done.err


def test_the_limit_is_named(queuewright: Run) -> None:
    done = queuewright("ask", "-", stdin=b"x" * 64_001)

    assert "64,000" in done.err


def test_errors_speak_the_language_of_the_locale(queuewright: Run) -> None:
    done = queuewright("ask", "", LANG="ru_RU.UTF-8")

    assert "Пустой вопрос" in done.err or "пуст" in done.err.lower()


def test_a_terminal_without_cyrillic_does_not_stop_an_answer(queuewright: Run) -> None:
    plain = queuewright("search", "--id", "performance/prefetch", "--lang", "ru", PYTHONIOENCODING="ascii")
    document = queuewright("search", "--id", "performance/prefetch", "--lang", "ru", "--json", PYTHONIOENCODING="ascii")

    assert (plain.code, plain.err) == (0, "")
    assert document.document["hits"][0]["lang"] == "ru"


def test_a_home_that_cannot_be_written_is_said_in_one_line(queuewright: Run) -> None:
    done = queuewright("index", QUEUEWRIGHT_HOME="/dev/null/home")

    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert "/dev/null/home" in done.err
    assert "defect" not in done.err
