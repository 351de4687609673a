"""Results of `call` for people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from agent.surfaces.cli.render import rows_table
from agent.surfaces.cli.tables import Table, aligned

from .conftest import Done

Run = Callable[..., Done]


def test_queues_are_a_table_when_piped(queuewright: Run, valkey: redis.Redis, url: str) -> None:
    # Given a Celery queue with a backlog of 1,200
    valkey.sadd("_kombu.binding.mail", "mail\x06\x16\x06\x16mail")
    valkey.lpush("mail", *["{}"] * 1200)

    done = queuewright("call", "inspect_broker", '{"target": "main"}', "--target", f"main={url}")

    assert done.code == 0
    lines = done.out.splitlines()
    head = next(line for line in lines if line.startswith("name ") and "ready" in line)
    row = next(line for line in lines if line.startswith("mail "))
    assert row[: head.index("ready") + len("ready")].endswith(" 1,200")
    assert "\x1b" not in done.out


def test_findings_are_read_as_text(queuewright: Run, valkey: redis.Redis, url: str) -> None:
    valkey.sadd("_kombu.binding.mail", "mail\x06\x16\x06\x16mail")
    valkey.lpush("mail", *["{}"] * 1200)

    done = queuewright("call", "diagnose", '{"target": "main"}', "--target", f"main={url}", "--lang", "ru")

    assert "no-consumers · main/mail · критично · факт" in done.out
    assert "celery -A proj worker -Q mail" in done.out


def test_a_failed_call_says_what_and_what_to_do(queuewright: Run) -> None:
    call = ["call", "inspect_broker", '{"target": "main"}', "--target", "main=redis://127.0.0.1:1/0"]

    people, program = queuewright(*call), queuewright(*call, "--json")

    assert (people.code, program.code) == (1, 1)
    assert program.document["error"]["code"] == "unreachable"
    assert program.document["error"]["message"] in people.out


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_unknown_is_shown_as_such_and_columns_without_any_value_are_left_out(lang: str) -> None:
    table = rows_table([{"name": "a", "ready": 0, "dead": None}, {"name": "b", "ready": None, "dead": None}], lang)

    assert table.head == ["name", "ready"]
    assert [list(row) for row in table.rows] == [["a", "0"], ["b", "–"]]


def test_columns_line_up_also_with_wide_characters() -> None:
    lines = aligned(Table(["name", "n"], [["почта", "1"], ["邮件", "22"]], frozenset({1})))

    assert lines == ["name    n", "почта   1", "邮件   22"]
