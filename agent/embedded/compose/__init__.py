"""Composes the answers of the embedded brain from tool results and knowledge sections.

Everything measured that is said here is looked up in an envelope; every claim about queues in general is a quoted
sentence of a section.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.embedded.compose import diagnosis, inspection, knowledge, listing, measurement
from agent.embedded.compose.facts import unknown_line
from agent.embedded.compose.failures import failures
from agent.embedded.compose.markup import code, paragraphs
from agent.embedded.texts import say
from agent.embedded.turn import Outcome, Turn, mapping

_COMPOSERS: dict[str, Callable[[Turn, Outcome], str]] = {
    "diagnose": diagnosis.diagnosis,
    "inspect_broker": inspection.broker,
    "inspect_queue": inspection.queue,
    "inspect_workers": inspection.workers,
    "list_targets": listing.targets,
    "measure": measurement.measurement,
    "peek_messages": listing.messages,
    "search_knowledge": knowledge.found,
}


def from_results(turn: Turn) -> str:
    """The answer to a turn whose tools have run: a part for each result, then what failed, what is not known, and
    what to read."""
    fine = [o for o in turn.outcomes if not o.failed]
    failed = [o for o in turn.outcomes if o.failed]
    cited = diagnosis.knowledge_ids(fine)
    return paragraphs(
        *(_part(turn, outcome) for outcome in fine),
        failures(turn, failed) if failed else None,
        unknown_line(turn.lang, fine),
        say(turn.lang, "truncated") if any(o.envelope.get("truncated") for o in fine) else None,
        knowledge.sources(turn, cited) if cited else None,
    )


def closed(turn: Turn, text: str, *, live: bool) -> str:
    """The answer with its closing lines: once per conversation what answered, and without a target how to add one."""
    return paragraphs(
        text,
        None if turn.introduced else say(turn.lang, "introduction"),
        say(turn.lang, "add_target") if turn.target_missing and (live or not turn.introduced) else None,
    )


def _part(turn: Turn, outcome: Outcome) -> str:
    status = outcome.envelope.get("status")
    if status == "needs_approval":
        approval = mapping(outcome.envelope.get("approval"))
        return say(turn.lang, "needs_approval", tool=code(outcome.tool), id=code(approval.get("id") or "?"))
    compose = _COMPOSERS.get(outcome.tool)
    if compose is None:
        return say(turn.lang, "result_without_words", tool=code(outcome.tool))
    if outcome.envelope.get("data") is None:
        return say(turn.lang, "no_data", tool=code(outcome.tool))
    return compose(turn, outcome)
