"""A diagnosis is told with its evidence, the worst first, and with the step to take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agent.embedded.turns import (
    Conversation,
    envelope,
    final,
    found,
    measured,
    planned,
    remedy,
    section,
)

DIAGNOSE = planned(("diagnose", {"target": "main"}))
QUEUES = {"mail": 10_000, "reports": 2_500, "celery": 731}


def three_queues(lengths: dict[str, int]) -> dict[str, Any]:
    """`diagnose` on queues that nobody consumes."""
    evidence, findings = [], []
    for n, (queue, length) in enumerate(lengths.items()):
        ready, nobody = f"e{2 * n + 1}", f"e{2 * n + 2}"
        evidence += [
            measured(ready, "queue.ready", f"main/{queue}", length),
            measured(nobody, "queue.consumers", f"main/{queue}", 0, "consumers"),
        ]
        findings.append(
            found(
                "no-consumers", queue, ready, nobody, summary="Nobody consumes this queue.",
                remedies=[
                    remedy("Start a worker for the queue.", f"celery -A proj worker -Q {queue}"),
                    remedy("Subscribe a running worker.", f"celery -A proj control add_consumer {queue}"),
                ],
            )
        )  # fmt: skip
    return envelope("diagnose", {"findings": findings, "checked": []}, *evidence)


@pytest.mark.parametrize(
    ("lang", "number", "fact"), [("en", "10,000 messages", "a fact"), ("ru", "10 000 сообщений", "факт")]
)
def test_one_cause_on_three_queues_is_one_group_that_names_each_with_its_numbers(
    lang: str, number: str, fact: str
) -> None:
    messages = Conversation(lang=lang).ask("Why is my queue backing up?")

    answer = final(DIAGNOSE, messages, three_queues(QUEUES))

    assert answer.count("(`no-consumers`)") == 1
    for queue in QUEUES:
        assert f"`main/{queue}`" in answer
        assert f"celery -A proj worker -Q {queue}" in answer
    assert number in answer.replace("\u00a0", " ").replace("\u202f", " ")
    assert "[e1]" in answer
    assert "[e6]" in answer
    assert fact in answer


def test_the_numbers_follow_the_evidence() -> None:
    messages = Conversation().ask("Why is my queue backing up?")

    before = final(DIAGNOSE, messages, three_queues(QUEUES))
    after = final(DIAGNOSE, messages, three_queues(QUEUES | {"mail": 4_321}))

    assert "4,321" not in before
    assert before.replace("10,000", "4,321") == after


def test_a_value_that_nobody_measured_is_said_to_be_unknown() -> None:
    finding = found("consumer-stalled", "mail", "e1", summary="The worker fetches nothing.", confidence="hypothesis")
    result = envelope("diagnose", {"findings": [finding]}, measured("e1", "queue.consumers", "main/mail", None))

    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), result)

    assert "consumers: unknown [e1]" in answer
    assert "hypothesis" in answer


def test_the_most_severe_story_comes_first_and_a_chain_is_told_from_its_root() -> None:
    findings = [
        found("result-bloat", "celery", "e3", summary="Results pile up.", severity="medium"),
        found("backlog-growing", "mail", "e2", summary="The queue grows.", severity="high", because=[2]),
        found("workers-lost", "mail", "e1", summary="The worker is gone."),
    ]
    evidence = [
        measured("e1", "worker.busy", "main/w1", 0, None),
        measured("e2", "queue.ready", "main/mail", 50),
        measured("e3", "results.estimated", "main", 70_000, "keys"),
    ]
    messages = Conversation().ask("What is wrong?")

    answer = final(DIAGNOSE, messages, envelope("diagnose", {"findings": findings}, *evidence))

    root, follows, other = (answer.index(f"(`{c}`)") for c in ("workers-lost", "backlog-growing", "result-bloat"))
    assert root < follows < other
    assert "From this follows **work arrives faster than it is done** (`backlog-growing`)" in answer
    assert "**Critical:" in answer[:root]


def test_findings_that_point_at_each_other_still_give_an_answer() -> None:
    findings = [
        found("paused", "mail", summary="Paused.", because=[1]),
        found("backlog-growing", "mail", summary="Growing.", because=[0, 7]),
    ]

    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), envelope("diagnose", {"findings": findings}))

    assert "`paused`" in answer
    assert "`backlog-growing`" in answer


def test_the_first_remedy_is_the_next_step_and_the_others_are_mentioned() -> None:
    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), three_queues({"mail": 5}))

    assert "**Next step:** Start a worker for the queue.\n\n```sh\ncelery -A proj worker -Q mail\n```" in answer
    assert "Also possible: Subscribe a running worker (`celery -A proj control add_consumer mail`)." in answer


def test_a_remedy_that_is_a_tool_call_can_be_pasted() -> None:
    step = remedy("Diagnose again with a window.", tool="diagnose", args={"target": "main", "window_s": 30})
    finding = found("backlog-growing", "mail", summary="It may grow.", confidence="hypothesis", remedies=[step])

    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), envelope("diagnose", {"findings": [finding]}))

    assert """queuewright call diagnose '{"target": "main", "window_s": 30}'""" in answer


def test_it_says_what_was_ruled_out_and_what_could_not_be_told() -> None:
    checked = [
        {"target": "main", "cause": "paused", "result": "ruled_out", "why": "No queue is paused."},
        {"target": "main", "cause": "stuck-jobs", "result": "unknown", "why": "No worker answered.", "queue": "mail"},
        {"target": "main", "cause": "no-consumers", "result": "held", "why": "Found once."},
        {"target": "main", "cause": "backlog-draining", "result": "held", "why": "The queue shrinks."},
    ]
    result = three_queues({"mail": 5})
    result["data"]["checked"] = checked
    gap = {"at": {"target": "main", "queue": "mail"}, "field": "oldest_age_s", "reason": "Celery stores no time."}

    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), result | {"unknown": [gap]})

    assert "**Ruled out:** `paused`." in answer
    assert "**Could not be told:** `stuck-jobs` (`main/mail`): No worker answered." in answer
    assert "**Noticed beside it:** `backlog-draining` (`main`): The queue shrinks." in answer
    assert "Found once" not in answer
    assert "`oldest_age_s` (`main/mail`): Celery stores no time." in answer


def test_it_cites_a_retrieved_section_of_the_article_that_the_finding_names() -> None:
    sections = [
        section("scaling/horizontal#drain", "Drain time.", score=0.9),
        section("troubleshooting/no-consumers#cure", "Start a worker.", heading="Bring consumers back", score=0.8),
    ]

    answer = final(DIAGNOSE, Conversation(sections=sections).ask("What is wrong?"), three_queues({"mail": 5}))

    assert answer.endswith("Sources: Bring consumers back [troubleshooting/no-consumers#cure].")


def test_without_a_retrieved_section_the_article_itself_is_cited() -> None:
    answer = final(DIAGNOSE, Conversation().ask("What is wrong?"), three_queues({"mail": 5}))

    assert "[troubleshooting/no-consumers]" in answer


def test_a_healthy_target_is_said_to_be_fine_without_a_next_step() -> None:
    finding = found(
        "healthy", "", "e1", summary="All queues are consumed.", severity="info", knowledge=[]
    ) | {"subject": "main"}  # fmt: skip
    result = envelope("diagnose", {"findings": [finding]}, measured("e1", "queue.ready", "main/mail", 0))

    answer = final(DIAGNOSE, Conversation(lang="ru").ask("Всё в порядке?"), result)

    assert "К сведению: осмотрено, всё в порядке" in answer
    assert "0 сообщений [e1]" in answer
    assert "Что делать" not in answer


def test_what_three_queues_share_is_said_once() -> None:
    result = three_queues(QUEUES)
    for finding in result["data"]["findings"]:
        queue = finding["at"]["queue"]
        finding["remedies"][0]["text"] = f"Start a worker for {queue}."
        finding["remedies"][1] = {"text": f"If nobody is meant to read {queue}, find who writes.", "command": None}
    result["data"]["checked"] = [
        {"target": "main", "queue": q, "cause": "backlog-growing", "result": "unknown", "why": f"One look at {q}."}
        for q in QUEUES
    ] + [{"target": "main", "cause": "healthy", "result": "ruled_out", "why": "Something was found."}]

    answer = final(DIAGNOSE, Conversation().ask("Why is my queue backing up?"), result)

    assert answer.count("**Next step:**") == 1
    assert "- Start a worker for reports." in answer
    assert answer.count("find who writes") == 1
    assert "`backlog-growing` (`main/mail`, `main/reports`, `main/celery`): One look at mail." in answer
    assert "healthy" not in answer


def test_many_unknown_values_are_named_and_few_are_explained() -> None:
    gaps = [
        {"at": {"target": "main"}, "field": field, "reason": f"Reason of {field}.", "enable": "Enable it."}
        for field in ("oldest_age_s", "dead", "paused")
    ]
    messages = Conversation().ask("What is wrong?")

    few = final(DIAGNOSE, messages, three_queues({"mail": 5}) | {"unknown": gaps[:1]})
    many = final(DIAGNOSE, messages, three_queues({"mail": 5}) | {"unknown": gaps})

    assert "**Could not be read:** `oldest_age_s` (`main`): Reason of oldest_age_s; Enable it." in few
    assert "**Could not be read:** `oldest_age_s`; `dead`; `paused`." in many
