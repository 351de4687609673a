"""Tool calls that failed: said plainly, with the hint; a queue that was not found is asked back."""

from __future__ import annotations

from collections.abc import Sequence

from agent.embedded.compose.markup import code, paragraphs, plain
from agent.embedded.steps import QUEUE_ERRORS
from agent.embedded.texts import say
from agent.embedded.turn import Outcome, Turn, mapping

_CANDIDATES = 6


def failures(turn: Turn, failed: Sequence[Outcome]) -> str:
    """Every failure once, however many calls ran into it."""
    said: dict[str, None] = {}
    for outcome in failed:
        said[_one(turn, outcome)] = None
    return paragraphs(*said)


def _one(turn: Turn, outcome: Outcome) -> str:
    error = mapping(outcome.envelope.get("error"))
    message = plain(error.get("message") or error.get("code") or "?")
    hint = plain(error.get("hint") or "")
    if error.get("code") in QUEUE_ERRORS:
        return _which_queue(turn, message, hint)
    target = outcome.args.get("target")
    key = "failed.on_target" if target else "failed.plain"
    facts = {"target": code(target)} if target else {}
    return paragraphs(say(turn.lang, key, tool=code(outcome.tool), message=message, **facts), hint or None)


def _which_queue(turn: Turn, message: str, hint: str) -> str:
    names = ", ".join(code(q) for q in turn.queues[:_CANDIDATES])
    known = say(turn.lang, "failed.queues_seen", queues=names) if names and not hint else ""
    candidates = hint or known
    stop = "" if not candidates or candidates.endswith((".", "?", "!")) else "."
    parts = (message, candidates + stop, say(turn.lang, "failed.which_queue"))
    return " ".join(part for part in parts if part)
