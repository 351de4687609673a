"""Nobody was asked, and somebody did not answer: two different things, in findings and in what stays unknown."""

from __future__ import annotations

import pytest

from tools.diagnosis.engine import Report, diagnose

REFUSES_TO_ANSWER = {"en": ("no answer", "gave no", "answered"), "ru": ("не отвеча", "не ответил", "ответили", "молч")}


def rows(report: Report, result: str) -> dict[str, str]:
    return {row["cause"]: row["why"] for row in report.checked if row["result"] == result}


@pytest.fixture
def strangers(world):  # type: ignore[no-untyped-def]
    """Messages wait, no worker has a mailbox, and one connection of something waits with BRPOP."""
    world.queue("mail", 10, None, "strangers")
    world.celery.workers = None
    world.liveness(pubsub=0, brpop=1, asked=False, answered=None, expected=None)
    return world


def test_connections_of_something_else_leave_the_absence_a_hypothesis_with_a_proof(strangers) -> None:  # type: ignore[no-untyped-def]
    report = diagnose([strangers.facts()], "en")
    assert [(f.cause, f.severity, f.confidence) for f in report.findings] == [("no-consumers", "high", "hypothesis")]
    assert "something else" in report.findings[0].summary
    assert report.findings[0].remedies[0].command == "redis-cli -n 0 CLIENT LIST"


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("basis", ["strangers", "not_asked", "silent"])
def test_who_was_not_asked_is_never_said_to_give_no_answer(strangers, basis: str, lang: str) -> None:  # type: ignore[no-untyped-def]
    strangers.celery.consumers["mail"].basis = basis
    report = diagnose([strangers.facts()], lang)
    said = [f.summary for f in report.findings] + [r.text for f in report.findings for r in f.remedies]
    said += rows(report, "unknown").values()
    assert [s for s in said if any(words in s for words in REFUSES_TO_ANSWER[lang])] == []
    assert "consumer-stalled" not in {f.cause for f in report.findings}


@pytest.mark.parametrize("basis", ["strangers", "not_asked", "silent"])
def test_what_only_workers_tell_is_not_ruled_out_unasked(strangers, basis: str) -> None:  # type: ignore[no-untyped-def]
    strangers.celery.consumers["mail"].basis = basis
    report = diagnose([strangers.facts()], "en")
    unsure = {"paused", "queue-mismatch", "consumer-stalled", "stuck-jobs", "no-consumers"}
    assert rows(report, "ruled_out").keys() & unsure == set()


def test_a_worker_that_was_asked_and_is_silent_is_a_stall(strangers) -> None:  # type: ignore[no-untyped-def]
    strangers.celery.consumers["mail"].basis = "silent"
    strangers.celery.workers = []
    strangers.silent_worker("w@a")
    report = diagnose([strangers.facts()], "en")
    assert [(f.cause, f.confidence) for f in report.findings] == [("consumer-stalled", "hypothesis")]
    assert "no answer" in report.findings[0].summary
