"""Judges what happened: tool calls, arguments, evidence, findings, citations and the language of the answer.

No model judges here. A judgement is a list of reasons, empty when everything holds, and named marks for the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.case import ExpectedCall, ExpectedCause, Kind, KnowledgeExpect, RoutingExpect, TurnExpect
from evals.match import arguments_fit, fits, mentions, same, speaks

# Looks at the knowledge base and at nothing live.
SEARCH = "search_knowledge"
# A person's words may always be handed on as the symptom, and a known framework always named.
_ALWAYS_ALLOWED = {"diagnose": ("symptom", "framework")}


@dataclass(frozen=True)
class Call:
    """A finished tool call: what was asked, and the envelope that came back."""

    tool: str
    args: Mapping[str, Any]
    envelope: Mapping[str, Any] = field(default_factory=dict)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Of a diagnosis; empty elsewhere."""
        return list((self.envelope.get("data") or {}).get("findings", []))

    @property
    def error_code(self) -> str | None:
        """The error's code, if it is one."""
        return (self.envelope.get("error") or {}).get("code")


@dataclass(frozen=True)
class Happened:
    """One turn. `answer` has the shape of `ask --json`; None for a tool called without a model.

    Attributes:
        off_topic: the knowledge base holds nothing on the question.
        corrected: the answer marks values of its own that nothing supports.
    """

    calls: list[Call]
    answer: Mapping[str, Any] | None = None
    off_topic: bool = False
    corrected: bool = False

    @property
    def text(self) -> str:
        """The answer's Markdown."""
        return str((self.answer or {}).get("answer", ""))


@dataclass
class Judgement:
    """Passes when there is no reason against it. `marks` are named parts of the judgement, 0 to 1."""

    reasons: list[str] = field(default_factory=list)
    marks: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return not self.reasons

    def need(self, holds: bool, reason: str) -> None:
        """Notes the reason unless it holds."""
        if not holds:
            self.reasons.append(reason)


def judge_routing(expect: RoutingExpect, happened: Happened) -> Judgement:
    """Marks `right_tool` and `right_args`; without an expected tool both say that nothing live was called."""
    judgement = Judgement()
    made = [_shown(c.tool, c.args) for c in happened.calls]
    if expect.kind == "tool":
        counted = [c for c in happened.calls if c.tool != SEARCH or expect.tool == SEARCH]
        right_tool = len(counted) == 1 and counted[0].tool == expect.tool
        right_args = right_tool and _exactly(expect, counted[0])
        judgement.need(right_args, f"expected {_shown(str(expect.tool), expect.args)}, got {made or 'no call'}")
    else:
        quiet = [c for c in happened.calls if expect.kind != "knowledge" or c.tool != SEARCH]
        right_tool = right_args = not quiet
        judgement.need(not quiet, f"expected no call ({expect.kind}), got {made}")
        judgement.need(_said(expect.kind, happened), _MISSING.get(expect.kind, ""))
    judgement.marks = {"right_tool": float(right_tool), "right_args": float(right_args and judgement.passed)}
    return judgement


_MISSING: dict[Kind, str] = {"knowledge": "no citation, and not off topic", "clarify": "the answer asks nothing"}


def _said(kind: Kind, happened: Happened) -> bool:
    if kind == "knowledge":
        return bool((happened.answer or {}).get("citations")) or happened.off_topic
    return kind != "clarify" or _asks(happened.text)


def _exactly(expect: RoutingExpect, call: Call) -> bool:
    allow = (*expect.allow, *_ALWAYS_ALLOWED.get(call.tool, ()))
    return arguments_fit(expect.args, call.args, allow)


def judge_knowledge(expect: KnowledgeExpect, found: Sequence[str], off_topic: bool) -> Judgement:
    """Marks `off_topic`, and on topic `recall@1`, `recall@3`, `recall@5`, `mrr`. `found`: section ids, best first."""
    judgement = Judgement(marks={"off_topic": float(off_topic == expect.off_topic)})
    judgement.need(off_topic == expect.off_topic, f"off_topic is {off_topic}")
    if not expect.off_topic:
        articles = [section.partition("#")[0] for section in found]
        rank = next((i for i, article in enumerate(articles, start=1) if article in expect.ids), None)
        judgement.marks |= {f"recall@{k}": float(rank is not None and rank <= k) for k in (1, 3, 5)}
        judgement.marks["mrr"] = 1 / rank if rank else 0.0
        judgement.need(rank is not None and rank <= 3, f"first at {rank}: {articles[:3]}")
    return judgement


def judge_turn(expect: TurnExpect, happened: Happened, lang: str) -> Judgement:
    """One turn of `inspect` or `conversation`; `lang` is that of the answer."""
    judgement = Judgement()
    _judge_calls(judgement, expect, happened.calls)
    _judge_facts(judgement, expect, happened)
    _judge_causes(judgement, expect, happened.calls)
    if happened.answer is not None:
        _judge_answer(judgement, expect, happened, lang)
    return judgement


def _judge_calls(judgement: Judgement, expect: TurnExpect, calls: Sequence[Call]) -> None:
    made = [_shown(c.tool, c.args) for c in calls] or "no call"
    for wanted in expect.calls:
        judgement.need(
            any(_call_fits(wanted, call) for call in calls),
            f"no call {wanted.model_dump(exclude_defaults=True)} among {made}",
        )
    for name in expect.not_calls:
        judgement.need(all(call.tool != name for call in calls), f"called {name}: {made}")
    judgement.need(not (expect.no_calls and calls), f"expected no call, got {made}")


def _call_fits(wanted: ExpectedCall, call: Call) -> bool:
    return (
        call.tool == wanted.tool
        and arguments_fit(wanted.args, call.args, None)
        and all(call.args.get(name) is None for name in wanted.absent)
        and wanted.status in (None, call.envelope.get("status"))
        and wanted.error in (None, call.error_code)
    )


def _judge_facts(judgement: Judgement, expect: TurnExpect, happened: Happened) -> None:
    evidence = [e for call in happened.calls for e in call.envelope.get("evidence", [])]
    for fact in expect.evidence:
        wanted = fact.model_dump(exclude_unset=True)
        near = [e.get("value") for e in evidence if e.get("metric") == fact.metric and e.get("subject") == fact.subject]
        judgement.need(any(fits(wanted, e) for e in evidence), f"no evidence {wanted}; values there: {near}")
    if expect.data is not None:
        held = any(fits(expect.data, call.envelope.get("data")) for call in happened.calls)
        judgement.need(held, f"no result holds {expect.data}")
    listed = {u.get("field") for call in happened.calls for u in call.envelope.get("unknown", [])}
    for name in expect.unknown:
        judgement.need(name in listed, f"{name} is not listed as unknown: {sorted(map(str, listed))}")


def _judge_causes(judgement: Judgement, expect: TurnExpect, calls: Sequence[Call]) -> None:
    findings = [finding for call in calls for finding in call.findings]
    found = [f"{f.get('cause')} {f.get('subject')}" for f in findings]
    for cause in expect.causes:
        judgement.need(
            any(_cause_fits(cause, finding) for finding in findings),
            f"no finding {cause.model_dump(exclude_none=True)} among {found}",
        )
    for name in expect.not_causes:
        judgement.need(all(f.get("cause") != name for f in findings), f"found {name}: {found}")


def _cause_fits(wanted: ExpectedCause, finding: Mapping[str, Any]) -> bool:
    at = finding.get("at") or {}
    places = (("target", wanted.target), ("queue", wanted.queue), ("worker", wanted.worker))
    return (
        finding.get("cause") == wanted.cause
        and wanted.confidence in (None, finding.get("confidence"))
        and wanted.severity in (None, finding.get("severity"))
        and all(value is None or at.get(key) == value for key, value in places)
    )


def _judge_answer(judgement: Judgement, expect: TurnExpect, happened: Happened, lang: str) -> None:
    answer, text = happened.answer or {}, happened.text
    judgement.need(answer.get("language") == lang and speaks(text, lang), f"the answer is not in {lang!r}")
    judgement.need(not happened.corrected, "the answer holds values that nothing supports")
    for word in expect.include:
        judgement.need(mentions(text, word), f"the answer does not say {word!r}")
    for word in expect.exclude:
        judgement.need(not mentions(text, word), f"the answer says {word!r}")
    if expect.cites is not None:
        cited = [str(c["id"]) for c in answer.get("citations", [])]
        fit = any(_cited(wanted, cited) for wanted in expect.cites) if expect.cites else not cited
        judgement.need(fit, f"cites {cited}, not {expect.cites or 'nothing'}")
    for name, wanted, is_so in (("asks back", expect.asks_back, _asks(text)),
                                ("is partial", expect.partial, answer.get("partial"))):  # fmt: skip
        judgement.need(wanted is None or same(wanted, is_so), f"{name}: {is_so}, expected {wanted}")


def _cited(wanted: str, cited: Sequence[str]) -> bool:
    return any(one == wanted or one.partition("#")[0] == wanted for one in cited)


def _asks(text: str) -> bool:
    return "?" in text


def _shown(tool: str, args: Mapping[str, Any]) -> str:
    return f"{tool}({', '.join(f'{k}={v!r}' for k, v in args.items())})"
