"""`ask`: documents, exit codes, the way on after a failure."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from .conftest import COMMAND, Done, Endpoint
from .terminal import Terminal

Run = Callable[..., Done]


def test_the_document_has_the_shape_that_programs_rely_on(queuewright: Run) -> None:
    done = queuewright("ask", "What is prefetch?", "--thread", "t1", "--json")

    assert done.code == 0
    assert set(done.document) == {
        "answer", "language", "model", "thread_id", "partial", "duration_ms", "citations", "tool_calls", "evidence",
        "pending_approval", "usage",
    }  # fmt: skip
    assert done.document["thread_id"] == "t1"
    assert done.document["citations"]


def test_a_pipe_gets_the_answer_and_its_footnotes_without_escapes(queuewright: Run, endpoint: Endpoint) -> None:
    # Given a model that cites a section and sends an escape sequence along
    endpoint.replies = [["\x1b[mСмотрите **выбор** [performance/prefetch#choose]."]]

    done = queuewright("ask", "-", stdin="Что такое prefetch?".encode(), **endpoint.variables)

    assert done.code == 0
    assert (
        "Смотрите **выбор** [performance/prefetch#choose].\n\nИсточники:\n  [performance/prefetch#choose] " in done.out
    )
    assert "\x1b" not in done.out
    assert "thread " in done.err


def test_a_dead_endpoint_is_a_failure_that_can_be_resumed(queuewright: Run, endpoint: Endpoint) -> None:
    # Given a model that does not answer
    dead = endpoint.variables | {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    failed = queuewright("ask", "Why?", "--thread", "t2", "--json", **dead)
    assert failed.code == 1
    assert failed.document["error"]["code"] == "model_failed"
    assert "queuewright ask --thread t2" in failed.err
    assert endpoint.key not in failed.out + failed.err

    # When it is back
    endpoint.replies = [["Because."]]
    resumed = queuewright("ask", "--thread", "t2", "--json", **endpoint.variables)

    # Then the turn goes on without the question being asked again
    assert resumed.document["answer"] == "Because."
    assert endpoint.asked[0]["messages"][-1]["content"] == "Why?"


def test_control_c_says_how_to_go_on(endpoint: Endpoint, environment: dict[str, str], tmp_path: Path) -> None:
    # Given an answer that has begun
    endpoint.replies = [["Beginning", None]]
    asking = subprocess.Popen(
        [*COMMAND, "ask", "Why?", "--thread", "t3"],
        env=environment | endpoint.variables,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert endpoint.silent.wait(60)

    asking.send_signal(signal.SIGINT)
    out, err = asking.communicate(timeout=30)

    assert asking.returncode == 130
    assert out == ""
    assert "queuewright ask --thread t3" in err
    assert "Traceback" not in err


def test_a_terminal_sees_the_answer_as_it_comes(
    endpoint: Endpoint, environment: dict[str, str], tmp_path: Path
) -> None:
    endpoint.replies = [["# Head\n\nFirst **block**.\n\nSecond", None]]
    with Terminal([*COMMAND, "ask", "Why?"], environment | endpoint.variables, tmp_path) as screen:
        # The first block is there, rendered, while the second is still to come
        screen.sees("First block.")
        assert endpoint.silent.wait(60)
        screen.type("\x03")
        screen.sees("The turn can be resumed")
        assert screen.ends() == 130
