"""Findings come in chains: the worst first, a cause before what follows from it."""

from __future__ import annotations

from tools.contract import At
from tools.diagnosis.chains import ordered
from tools.diagnosis.draft import Draft
from tools.diagnosis.engine import diagnose


def draft(cause: str, severity: str, queue: str | None = None, **facts: object) -> Draft:
    return Draft(cause, severity, "fact", At(target="main", framework="celery", queue=queue), facts)  # type: ignore[arg-type]


def told(*drafts: Draft, symptom: str | None = None) -> list[tuple[str, list[int]]]:
    order, because = ordered(drafts, symptom)
    return [(d.cause, b) for d, b in zip(order, because, strict=True)]


def test_a_backlog_because_workers_died_is_one_chain() -> None:
    growing = draft("backlog-growing", "high", "mail")
    nobody, lost = draft("no-consumers", "critical", "mail"), draft("workers-lost", "critical", "mail")
    assert told(growing, nobody, lost) == [
        ("workers-lost", []), ("no-consumers", [0]), ("backlog-growing", [0, 1]),
    ]  # fmt: skip


def test_a_cause_is_told_before_an_effect_that_is_worse() -> None:
    effect, cause = draft("broker-refusing-writes", "critical"), draft("result-bloat", "medium", fills_memory=True)
    assert told(effect, draft("paused", "high", "mail"), cause) == [
        ("result-bloat", []), ("broker-refusing-writes", [0]), ("paused", []),
    ]  # fmt: skip


def test_results_that_take_little_memory_do_not_explain_a_full_one() -> None:
    effect, cause = draft("broker-refusing-writes", "critical"), draft("result-bloat", "medium", fills_memory=False)
    assert told(cause, effect) == [("broker-refusing-writes", []), ("result-bloat", [])]


def test_what_happens_in_another_queue_explains_nothing() -> None:
    assert told(draft("backlog-growing", "high", "mail"), draft("stuck-jobs", "medium", "video")) == [
        ("backlog-growing", []), ("stuck-jobs", []),
    ]  # fmt: skip


def test_a_symptom_moves_what_fits_up_among_equals_only() -> None:
    found = [draft("no-consumers", "critical", "mail"), draft("prefetch-hoarding", "medium", "mail"),
             draft("memory-pressure", "medium")]  # fmt: skip
    assert [c for c, _ in told(*found, symptom="у нас кончается память")] == [
        "no-consumers", "memory-pressure", "prefetch-hoarding",
    ]  # fmt: skip


def test_a_symptom_never_makes_a_finding(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 0)
    report = diagnose([world.facts()], "en", symptom="workers were killed, out of memory, everything is stuck")
    assert [f.cause for f in report.findings] == ["healthy"]


def test_healthy_leaves_other_good_news_under_checked(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 300)
    world.worker("w@a", "mail", busy=1)
    world.rate("mail", 900, 300)
    report = diagnose([world.facts()], "en")
    assert [f.cause for f in report.findings] == ["healthy"]
    held = [row for row in report.checked if row["result"] == "held"]
    assert [row["cause"] for row in held] == ["backlog-draining"]
    assert "10" in held[0]["why"]


def test_a_healthy_target_beside_a_sick_one_is_still_called_healthy(world) -> None:  # type: ignore[no-untyped-def]
    sick = type(world)()
    sick.queue("mail", 5)
    world.queue("mail", 0)
    report = diagnose([world.facts(), sick.facts()], "en")
    assert [f.cause for f in report.findings] == ["no-consumers", "healthy"]


def test_evidence_is_numbered_once_and_every_reference_leads_to_it(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 10)
    world.unacked(total=4, held_by_nobody=4, by_queue={"mail": {"total": 4, "eta": 0, "retries": 0}})
    world.reading.evidence.add("unacked.total", "main", 4, "messages", "HLEN unacked")
    report = diagnose([world.facts()], "en")
    ids = [e.id for e in report.evidence]
    assert ids == [f"e{i}" for i in range(1, len(ids) + 1)]
    referred = {i for f in report.findings for i in f.evidence}
    assert referred == set(ids)
    assert all(f.evidence for f in report.findings)


def test_only_the_queue_that_was_asked_about_is_told(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 10)
    world.queue("video", 10)
    report = diagnose([world.facts(queue="video")], "en")
    assert [f.subject for f in report.findings] == ["main/video"]


def test_a_queue_name_cannot_leave_its_word_in_a_command(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("a; rm -rf ~", 10)
    (finding,) = diagnose([world.facts()], "en").findings
    assert "celery -A proj worker -Q 'a; rm -rf ~'" in [r.command for r in finding.remedies]


def test_a_lone_long_backlog_asks_for_a_window(world) -> None:  # type: ignore[no-untyped-def]
    world.queue("mail", 50_000)
    world.worker("w@a", "mail", busy=1)
    (finding,) = diagnose([world.facts()], "en").findings
    remedy = finding.remedies[0]
    assert (remedy.tool, remedy.args) == ("diagnose", {"target": "main", "queue": "mail", "window_s": 30})
