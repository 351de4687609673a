"""Answers that list: messages of a queue, configured targets."""

from __future__ import annotations

from agent.embedded.compose.facts import value
from agent.embedded.compose.markup import code, paragraphs, plain, table, without_empty
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Outcome, Turn, mapping, rows

_SUMMARY_CHARACTERS = 240


def messages(turn: Turn, outcome: Outcome) -> str:
    """The messages, said to be somebody else's text; it stands in code spans, where it can do nothing."""
    lang, found = turn.lang, rows(outcome.data.get("messages"))
    state = str(outcome.args.get("state") or "ready")
    facts = {
        "queue": code(f"{outcome.args.get('target')}/{outcome.args.get('queue')}"),
        "state": maybe(lang, f"message_state.{state}") or code(state),
    }
    if not found:
        return say(lang, "peek.none", **facts)
    head = [say(lang, f"column.{name}") for name in ("id", "name", "enqueued", "size", "content")]
    lines: list[list[str | None]] = [
        [
            code(m["id"], 40) if m.get("id") else None,
            code(m["name"], 60) if m.get("name") else None,
            code(m["enqueued_at"]) if m.get("enqueued_at") else None,
            None if m.get("size_bytes") is None else value(lang, m["size_bytes"], "bytes"),
            code(m.get("summary") or "", _SUMMARY_CHARACTERS),
        ]
        for m in found
    ]
    body = table(*without_empty(head, lines, say(lang, "value.unknown")))
    return paragraphs(say(lang, "peek.head", **facts), body, say(lang, "peek.untrusted"))


def targets(turn: Turn, outcome: Outcome) -> str:
    """Each target and whether it answers; why not, where it does not."""
    lang, found = turn.lang, rows(outcome.data.get("targets"))
    if not found:
        return say(lang, "targets.none")
    head = [say(lang, f"column.{name}") for name in ("target", "system", "reachable")]
    lines = [
        [code(t.get("name")), str(t.get("system") or say(lang, "value.unknown")), value(lang, t.get("reachable"))]
        for t in found
    ]
    broken = [t for t in found if t.get("reachable") is False]
    why = [_why(lang, t) for t in broken]
    return paragraphs(say(lang, "targets.broken" if broken else "targets.fine"), table(head, lines), *why)


def _why(lang: str, target: dict[str, object]) -> str:
    error = target.get("error")
    found = mapping(error) or {"message": error}
    text = " ".join(plain(found[k]) for k in ("message", "hint") if found.get(k))
    return say(lang, "targets.why", target=code(target.get("name")), text=text)
