"""A turn is judged by calls, evidence, findings, words, citations and language; every part can fail alone."""

from __future__ import annotations

from typing import Any

import pytest

from evals.case import TurnExpect
from evals.checks import Call, Happened, judge_turn

FINDING = {
    "cause": "no-consumers",
    "confidence": "fact",
    "severity": "critical",
    "subject": "main/mail",
    "at": {"target": "main", "queue": "mail", "worker": None},
}
RANGE = {"at_least": 9999, "at_most": 10000}
ENVELOPE = {
    "status": "ok",
    "data": {"findings": [FINDING], "queues": [{"name": "mail", "ready": 10000}, {"name": "news", "ready": 0}]},
    "evidence": [{"metric": "queue.ready", "subject": "main/mail", "value": 10000}],
    "unknown": [{"field": "oldest_age_s"}],
}
ANSWER = {
    "answer": "Nobody consumes `mail`: 10,000 messages wait [e1].",
    "language": "en",
    "partial": False,
    "citations": [{"id": "troubleshooting/no-consumers#cure"}],
}
TURN = Happened([Call("diagnose", {"target": "main", "queue": "mail"}, ENVELOPE)], ANSWER)


@pytest.mark.parametrize(
    "expect",
    [
        {"calls": [{"tool": "diagnose", "args": {"target": "main"}, "absent": ["framework"], "status": "ok"}]},
        {"not_calls": ["measure"]},
        {"evidence": [{"metric": "queue.ready", "subject": "main/mail", "value": 10000.0}]},
        {"evidence": [{"metric": "queue.ready", "subject": "main/mail", "value": RANGE}]},
        {"data": {"queues": [{"name": "news", "ready": 0}, {"name": "mail"}]}},
        {"unknown": ["oldest_age_s"]},
        {"causes": [{"cause": "no-consumers", "queue": "mail", "confidence": "fact", "severity": "critical"}]},
        {"not_causes": ["healthy"]},
        {"include": ["MAIL", 10000, ["nobody", "no one"]], "exclude": ["paused", 1000]},
        {"cites": ["troubleshooting/no-consumers"]},
        {"cites": ["brokers/redis", "troubleshooting/no-consumers#cure"]},
        {"asks_back": False, "partial": False},
    ],
)  # fmt: skip
def test_what_happened_passes(expect: dict[str, Any]) -> None:
    assert judge_turn(TurnExpect.model_validate(expect), TURN, "en").reasons == []


@pytest.mark.parametrize(
    "expect",
    [
        {"calls": [{"tool": "measure"}]},
        {"calls": [{"tool": "diagnose", "args": {"queue": "news"}}]},
        {"calls": [{"tool": "diagnose", "absent": ["queue"]}]},
        {"calls": [{"tool": "diagnose", "error": "unreachable"}]},
        {"not_calls": ["diagnose"]},
        {"no_calls": True},
        {"evidence": [{"metric": "queue.ready", "subject": "main/mail", "value": 0}]},
        {"evidence": [{"metric": "queue.ready", "subject": "main/news"}]},
        {"evidence": [{"metric": "queue.ready", "subject": "main/mail", "value": {"at_most": 9999}}]},
        {"data": {"queues": [{"name": "news", "ready": 10000}]}},
        {"data": {"queues": [{"name": "news", "ready": False}]}},
        {"data": {"queues": [{"name": "mail", "dead": None}]}},
        {"unknown": ["ready"]},
        {"causes": [{"cause": "queue-mismatch"}]},
        {"causes": [{"cause": "no-consumers", "queue": "news"}]},
        {"causes": [{"cause": "no-consumers", "confidence": "hypothesis"}]},
        {"not_causes": ["no-consumers"]},
        {"include": [1000]},
        {"exclude": ["mail"]},
        {"cites": ["brokers/redis"]},
        {"cites": []},
        {"asks_back": True},
        {"partial": True},
    ],
)
def test_what_did_not_happen_fails(expect: dict[str, Any]) -> None:
    assert len(judge_turn(TurnExpect.model_validate(expect), TURN, "en").reasons) == 1


@pytest.mark.parametrize(
    ("text", "lang", "right"),
    [
        ("Очередь `mail` никто не читает: ждут 10 000 сообщений.", "ru", True),
        ("Nobody reads `mail`.", "ru", False),
        ("Nobody reads `почта`.", "en", True),
        ("Очередь никто не читает.", "en", False),
    ],
)
def test_the_answer_must_be_in_the_language_of_the_question(text: str, lang: str, right: bool) -> None:
    happened = Happened([], ANSWER | {"answer": text, "language": lang})

    assert judge_turn(TurnExpect(not_calls=["measure"]), happened, lang).passed is right


def test_thousands_count_however_they_are_written() -> None:
    for written in ("10000", "10,000", "10 000", "10\u00a0000", "10\u202f000"):
        happened = Happened([], ANSWER | {"answer": f"There are {written} waiting."})
        assert judge_turn(TurnExpect(include=[10000]), happened, "en").passed, written


def test_an_answer_that_marks_its_own_values_as_unsupported_fails() -> None:
    happened = Happened(TURN.calls, ANSWER, corrected=True)

    assert not judge_turn(TurnExpect(not_calls=["measure"]), happened, "en").passed
