"""Runs the rules over what was read, and says what they found, in which order, and what was ruled out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools import texts
from tools.contract import At, Evidence, Finding, Remedy
from tools.diagnosis import broker, consumers, flow, jobs
from tools.diagnosis.chains import ordered
from tools.diagnosis.draft import Doubt, Draft, Rule, Step
from tools.diagnosis.facts import Facts, answering
from tools.rendering import error_text

RULES: tuple[Rule, ...] = (*consumers.RULES, *flow.RULES, *jobs.RULES, *broker.RULES)
# Articles that do not carry their cause's name (knowledge design, Articles).
_ARTICLES = {"stuck-jobs": "stuck-tasks", "backlog-draining": "backlog-growing"}
# Unknown values without which nobody can call a target healthy.
_NEEDED_FIELDS = {"queues", "server", "workers"}
# Systems whose readings the rules understand.
_RULED = frozenset({"redis"})
# Queues whose numbers stand as evidence of `healthy`.
_HEALTHY_QUEUES = 10


@dataclass
class Report:
    """What `diagnose` answers.

    Attributes:
        checked: `{"target", "cause", "queue"?, "result": "held|ruled_out|unknown", "why"}`.
        evidence: what the findings refer to, numbered in their order.
    """

    findings: list[Finding] = field(default_factory=list)
    checked: list[dict[str, Any]] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)


@dataclass
class _Outcomes:
    drafts: list[Draft]
    doubts: list[Doubt]
    looked_at: list[str]


def diagnose(targets: Sequence[Facts], lang: str, symptom: str | None = None) -> Report:
    """The findings of all targets in one order."""
    report = Report()
    drafts: list[Draft] = []
    for facts in targets:
        if facts.reading.error is not None:
            report.checked.append(_failed(facts, lang))
            if facts.reading.broker is None:
                continue
        outcomes = _outcomes(facts)
        told, aside = _told(facts, outcomes)
        drafts += told
        report.checked += _checked(facts, lang, outcomes, aside)
    order, because = ordered(drafts, symptom)
    numbered = _Numbering(report.evidence)
    report.findings = [_rendered(d, b, lang, numbered) for d, b in zip(order, because, strict=True)]
    return report


def _outcomes(facts: Facts) -> _Outcomes:
    if not _ruled(facts):
        return _Outcomes([], [], [])
    found = _Outcomes([], [], list(dict.fromkeys(c for rule in RULES for c in rule.causes)))
    for rule in RULES:
        for outcome in rule.apply(facts):
            if isinstance(outcome, Doubt):
                found.doubts.append(outcome)
            elif all((d.cause, d.at) != (outcome.cause, outcome.at) for d in found.drafts):
                found.drafts.append(outcome)
    return found


def _ruled(facts: Facts) -> bool:
    """Whether the rules know this system; of one that could not be told what it is the error speaks."""
    return facts.reading.system in {None, *_RULED}


def _told(facts: Facts, outcomes: _Outcomes) -> tuple[list[Draft], list[Draft]]:
    """What becomes a finding, and what only stands under `checked`: beside `healthy` other good news is not news."""
    bad = [d for d in outcomes.drafts if d.severity != "info"]
    if bad or _blockers(facts, outcomes):
        return outcomes.drafts, []
    return [_healthy(facts)], outcomes.drafts


def _blockers(facts: Facts, outcomes: _Outcomes) -> list[tuple[str, dict[str, object]]]:
    """Why the target cannot be called healthy, whatever was found."""
    broker_reading = facts.reading.broker
    found: list[tuple[str, dict[str, object]]] = []
    if facts.reading.error is not None or broker_reading is None:
        found.append(("unread", {}))
    elif not broker_reading.coverage.complete:
        found.append(("coverage", {}))
    if not _ruled(facts):
        found.append(("system", {"system": facts.reading.system or "?"}))
    gaps = [*(broker_reading.gaps if broker_reading else []), *(g for f in facts.reading.frameworks for g in f.gaps)]
    fields = sorted({gap.field for gap in gaps} & _NEEDED_FIELDS)
    causes = sorted({doubt.cause for doubt in outcomes.doubts if doubt.needed})
    if fields or causes:
        found.append(("needed", {"what": ", ".join([*fields, *causes])}))
    return found


def _healthy(facts: Facts) -> Draft:
    reading = facts.reading
    records = [r for f, r in facts.queues()]
    workers = [w for f in reading.frameworks for w in answering(f)]
    pairs: list[tuple[str, str | None]] = [("broker.memory_used", None), ("broker.memory_max", None)]
    largest = sorted(records, key=lambda r: -(r.ready or 0))[:_HEALTHY_QUEUES]
    for record in largest:
        pairs += [("queue.ready", record.name), ("queue.consumers", record.name)]
    for worker in workers[:_HEALTHY_QUEUES]:
        pairs.append(("worker.busy", worker.id))
    said: dict[str, object] = {
        "target": facts.target, "queues": len(records), "workers": len(workers),
        "ready": sum(r.ready or 0 for r in records),
    }  # fmt: skip
    at = At(target=facts.target, queue=facts.queue)
    return Draft("healthy", "info", "fact", at, said, facts.measured(*pairs), text="summary" if records else "empty")


def _checked(facts: Facts, lang: str, outcomes: _Outcomes, aside: list[Draft]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for cause in outcomes.looked_at:
        held = [d for d in outcomes.drafts if d.cause == cause]
        doubts = [d for d in outcomes.doubts if d.cause == cause]
        if held:
            quiet = [d for d in held if d in aside]
            why = _summary(quiet[0], lang) if quiet else texts.render(lang, "check.held", count=len(held))
            rows.append(_row(facts, cause, "held", why))
        rows += [_row(facts, cause, "unknown", _doubt(d, lang), d.at.queue) for d in doubts]
        if not held and not doubts:
            rows.append(_row(facts, cause, "ruled_out", texts.render(lang, f"check.ruled_out.{cause}")))
    blockers = _blockers(facts, outcomes)
    for key, said in blockers:
        rows.append(_row(facts, "healthy", "unknown", texts.render(lang, f"check.unknown.healthy_{key}", **said)))
    if not blockers and any(d.severity != "info" for d in outcomes.drafts):
        rows.append(_row(facts, "healthy", "ruled_out", texts.render(lang, "check.ruled_out.healthy")))
    return rows


def _row(facts: Facts, cause: str, result: str, why: str, queue: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {"target": facts.target, "cause": cause, "result": result, "why": why}
    return row | ({"queue": queue} if queue else {})


def _failed(facts: Facts, lang: str) -> dict[str, Any]:
    assert facts.reading.error is not None  # noqa: S101 - the caller looked
    return _row(facts, "healthy", "unknown", error_text(lang, facts.reading.error))


def _doubt(doubt: Doubt, lang: str) -> str:
    return texts.render(lang, f"check.unknown.{doubt.key}", **doubt.facts)


def _summary(draft: Draft, lang: str) -> str:
    return texts.render(lang, f"cause.{draft.cause}.{draft.text}", **draft.facts)


@dataclass
class _Numbering:
    """Gives each piece of evidence one id, in the order in which findings refer to it."""

    items: list[Evidence]
    _ids: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def ids(self, evidence: Iterable[Evidence]) -> list[str]:
        return list(dict.fromkeys(self._id(e) for e in evidence))

    def _id(self, evidence: Evidence) -> str:
        key = (evidence.metric, evidence.subject, evidence.source)
        if key not in self._ids:
            self._ids[key] = f"e{len(self.items) + 1}"
            self.items.append(evidence.model_copy(update={"id": self._ids[key]}))
        return self._ids[key]


def _rendered(draft: Draft, because: list[int], lang: str, numbering: _Numbering) -> Finding:
    article = f"troubleshooting/{_ARTICLES.get(draft.cause, draft.cause)}"
    return Finding(
        cause=draft.cause,
        severity=draft.severity,
        confidence=draft.confidence,
        subject=_subject(draft.at),
        at=draft.at,
        because=because,
        summary=_summary(draft, lang),
        evidence=numbering.ids(draft.evidence),
        remedies=[_remedy(step, lang) for step in draft.remedies],
        knowledge=[] if draft.cause == "healthy" else [article, *draft.knowledge],
    )


def _subject(at: At) -> str:
    return "/".join(part for part in (at.target, at.queue or at.worker) if part)


def _remedy(step: Step, lang: str) -> Remedy:
    text = texts.render(lang, f"remedy.{step.key}", **step.facts)
    return Remedy(text=text, command=step.command, tool=step.tool, args=dict(step.args) if step.args else None)
