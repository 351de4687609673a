"""The answer to a diagnosis: what is wrong, how that is known, what to do next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from agent.embedded.compose.facts import fact
from agent.embedded.compose.markup import block, bullets, code, paragraphs, plain, refs
from agent.embedded.compose.stories import Finding, Story, grouped, severity, stories
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Outcome, Turn, mapping, rows, sequence

_GROUPS = 6
_FACTS = 5
_OTHER_REMEDIES = 3
_CHECKED = 4


def diagnosis(turn: Turn, outcome: Outcome) -> str:
    """Findings, most severe first; then what was ruled out."""
    lang = turn.lang
    findings = rows(outcome.data.get("findings"))
    if not findings:
        unread = outcome.envelope.get("status") == "no_data"
        return paragraphs(say(lang, "diagnosis.no_data" if unread else "diagnosis.nothing"), _checked(lang, outcome))
    evidence = {str(e["id"]): e for e in outcome.evidence if e.get("id")}
    groups = grouped(stories(findings))
    parts = [_group(lang, group, evidence) for group in groups[:_GROUPS]]
    rest = [f for group in groups[_GROUPS:] for story in group for f in story]
    more = ", ".join(f"{code(f.get('cause'))} ({code(f.get('subject'))})" for f in rest)
    return paragraphs(*parts, say(lang, "diagnosis.also_found", list=more) if rest else None, _checked(lang, outcome))


def knowledge_ids(outcomes: Sequence[Outcome]) -> list[str]:
    """Ids of the articles and sections that the findings refer to, those of the most severe first."""
    found = [f for o in outcomes for story in stories(rows(o.data.get("findings"))) for f in story]
    return list(dict.fromkeys(str(i) for f in found for i in sequence(f.get("knowledge"))))


def _group(lang: str, group: list[Story], evidence: dict[str, dict[str, Any]]) -> str:
    root = group[0][0]
    head = say(
        lang, "diagnosis.head", severity=say(lang, f"severity.{severity(group[0])}"),
        cause=cause(lang, root.get("cause")), id=code(root.get("cause")),
    )  # fmt: skip
    points = [_point(lang, finding, evidence, n > 0) for story in group for n, finding in enumerate(story)]
    return paragraphs(head, bullets(points), _next_step(lang, group), _others(lang, group))


def cause(lang: str, name: object) -> str:
    """The cause in words; an unknown one by its id."""
    return maybe(lang, f"cause.{name}") or code(name)


def _point(lang: str, finding: Finding, evidence: dict[str, dict[str, Any]], follows: bool) -> str:
    cited = [str(i) for i in sequence(finding.get("evidence"))]
    facts = [fact(lang, evidence[i]) for i in cited if i in evidence]
    rest = refs(i for i in cited[_FACTS:] if i in evidence)
    known = say(lang, "confidence.fact" if finding.get("confidence") == "fact" else "confidence.hypothesis")
    summary = plain(finding.get("summary") or "")
    text = f"{code(finding.get('subject'))}: {summary} {known}"
    text += f": {'; '.join(facts[:_FACTS])}{rest}." if facts else "."
    if not follows:
        return text
    lead = say(lang, "diagnosis.follows", cause=cause(lang, finding.get("cause")), id=code(finding.get("cause")))
    return f"{lead} {text}"


def _next_step(lang: str, group: list[Story]) -> str | None:
    """The first remedy of each story's root cause: a sentence or a list of them, then all commands in one block."""
    firsts = [remedies[0] for story in group if (remedies := rows(story[0].get("remedies")))]
    if not firsts:
        return None
    steps = _unique([plain(remedy.get("text") or "") for remedy in firsts])
    commands = _unique([command for remedy in firsts if (command := _command(remedy))])
    head = say(lang, "diagnosis.next_step", text=steps[0] if len(steps) == 1 else "").strip()
    return paragraphs(head, bullets(steps) if len(steps) > 1 else None, block(commands) if commands else None)


def _others(lang: str, group: list[Story]) -> str | None:
    """The remaining remedies in a line: of the root causes first, then of what follows from them."""
    roots = [(story[0], r) for story in group for r in rows(story[0].get("remedies"))[1:]]
    later = [(f, r) for story in group for f in story[1:] for r in rows(f.get("remedies"))]
    taken = {_template(story[0], r[0]) for story in group if (r := rows(story[0].get("remedies")))}
    said: dict[str, str] = {}
    for finding, remedy in [*roots, *later]:
        text, command, key = plain(remedy.get("text") or ""), _command(remedy), _template(finding, remedy)
        if text and key not in taken and key not in said:
            shown = f" ({code(command, 300)})" if command and "`" not in command else ""
            said[key] = text.rstrip(".") + shown
    if not said:
        return None
    return say(lang, "diagnosis.other_remedies", list="; ".join(list(said.values())[:_OTHER_REMEDIES]))


def _template(finding: Finding, remedy: dict[str, Any]) -> str:
    """The remedy's sentence without the queue's name: said once for three queues."""
    queue = mapping(finding.get("at")).get("queue")
    text = plain(remedy.get("text") or "")
    return text.replace(str(queue), "\0") if queue else text


def _command(remedy: dict[str, Any]) -> str | None:
    """What to paste: the remedy's command, or the tool call that it names."""
    if remedy.get("command"):
        return str(remedy["command"])
    if not remedy.get("tool"):
        return None
    args = json.dumps(mapping(remedy.get("args")), ensure_ascii=False)
    return f"queuewright call {remedy['tool']} {shlex.quote(args)}"


def _checked(lang: str, outcome: Outcome) -> str | None:
    """What was looked at beside the findings: noticed and harmless, ruled out, not to be told (with the reason)."""
    told = {f.get("cause") for f in rows(outcome.data.get("findings"))}
    checked = rows(outcome.data.get("checked"))
    held = _reasons([row for row in checked if row.get("result") == "held" and row.get("cause") not in told])
    unknown = _reasons([row for row in checked if row.get("result") == "unknown"])
    out = [row.get("cause") for row in checked if row.get("result") == "ruled_out" and row.get("cause") != "healthy"]
    ruled_out = _unique([code(name) for name in out])
    lines = [
        say(lang, "diagnosis.held", list="; ".join(held)) if held else None,
        say(lang, "diagnosis.ruled_out", list=", ".join(ruled_out)) if ruled_out else None,
        say(lang, "diagnosis.unknown", list="; ".join(unknown)) if unknown else None,
    ]
    return paragraphs(*lines) or None


def _reasons(checked: Sequence[dict[str, Any]]) -> list[str]:
    """A cause with all its places, and the first reason: the others differ in the queue's name."""
    places: dict[str, list[str]] = {}
    why: dict[str, str] = {}
    for row in checked:
        name = code(row.get("cause"))
        place = "/".join(str(row[k]) for k in ("target", "queue") if row.get(k))
        places.setdefault(name, []).append(code(place))
        why.setdefault(name, plain(row.get("why") or "").rstrip("."))
    return [f"{name} ({', '.join(_unique(found))}): {why[name]}" for name, found in places.items()][:_CHECKED]


def _unique(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
