"""What is said when no tool is called: greetings, questions back, and what this version cannot do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from agent.embedded.compose import knowledge
from agent.embedded.compose.markup import bullets, code, paragraphs
from agent.embedded.steps import Step
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Turn

if TYPE_CHECKING:
    from agent.embedded.router import Route

_CANDIDATES = 8
_OFFERED = 3
_DEFAULT_OFFER = ("diagnose", "inspect_broker", "measure")
# Wishes for advice: what is written on the subject helps, although the tool is not there.
_ADVICE = {"recommend_architecture", "generate_config", "audit_config", "check_alerts", "plan_scale"}
_SYSTEM_NAMES = re.compile(
    r"redis|valkey|rabbit|\bsqs\b|service ?bus|cloud ?tasks|kafka|celery|\brq\b|dramatiq|huey|taskiq|\barqs?\b|sidekiq"
    r"|bull(?:mq)?\b|редис|рэббит|раббит|кафк|селери|сельдере",
    re.I,
)


def direct(turn: Turn, route: Route, plan: Sequence[Step], able: Collection[str]) -> tuple[str, bool]:
    """The answer without tool results, and whether the question was about a live system."""
    if (turn.target_missing and route.kind == "tool") or ("target" in route.missing and not turn.target_names):
        return without_target(turn), True
    if plan:
        return _without_tool(turn, plan[0][0], able), True
    if route.kind == "smalltalk":
        return smalltalk(turn), False
    if route.kind == "not_available":
        return not_available(turn, route.wanted, route.nearest, able), True
    if route.kind == "knowledge" or (route.kind == "off_topic" and _nearly_known(turn)):
        known = knowledge.has_answer(turn)
        return (knowledge.answer(turn, doubtful=route.kind == "off_topic") if known else off_topic(turn)), False
    if route.kind == "off_topic":
        return off_topic(turn), False
    return clarify(turn, route), True


def _nearly_known(turn: Turn) -> bool:
    """The router knows no such request, but both rankings of the knowledge base agree on a section."""
    return knowledge.has_answer(turn) and not knowledge.is_weak(turn.sections)


def _without_tool(turn: Turn, tool: str, able: Collection[str]) -> str:
    """A plan that cannot be carried out, because this tool, or every tool, is missing from the conversation."""
    if able:
        return not_available(turn, tool, [], able)
    return paragraphs(say(turn.lang, "no_tools"), knowledge.answer(turn) if knowledge.has_answer(turn) else None)


def smalltalk(turn: Turn) -> str:
    """Short: thanks are answered as thanks, everything else with what there is to ask."""
    words = turn.question.lower()
    for kind in ("thanks", "bye", "about"):
        if any(mark in words for mark in say(turn.lang, f"smalltalk_marks.{kind}").split("|")):
            return say(turn.lang, f"smalltalk.{kind}")
    return say(turn.lang, "smalltalk.hello")


def off_topic(turn: Turn) -> str:
    """One honest sentence, and what can be asked."""
    return say(turn.lang, "off_topic")


def clarify(turn: Turn, route: Route) -> str:
    """Asks for exactly what is missing, with the candidates; without anything missing it offers the nearest things."""
    asked = [question for name in route.missing if (question := _ask_for(turn, name, route))]
    if asked:
        return " ".join(asked)
    return paragraphs(say(turn.lang, "clarify.unsure"), bullets(_offers(turn.lang, route.nearest)))


def not_available(turn: Turn, wanted: str | None, nearest: Sequence[str], able: Collection[str]) -> str:
    """Says that this version cannot do it and that nothing was done; then what it can do instead."""
    action = maybe(turn.lang, f"wanted.{wanted}") or (code(wanted) if wanted else say(turn.lang, "wanted.it"))
    instead = [name for name in nearest if name in able and name != wanted]
    advice = wanted in _ADVICE and knowledge.has_answer(turn) and not knowledge.is_weak(turn.sections)
    return paragraphs(
        say(turn.lang, "not_available", action=action),
        bullets(_offers(turn.lang, instead)),
        paragraphs(say(turn.lang, "advice.lead"), knowledge.answer(turn)) if advice else None,
    )


def without_target(turn: Turn) -> str:
    """A question about a live system, and none to look at: what is written about it, and what to tell."""
    has = knowledge.has_answer(turn)
    vague = not _SYSTEM_NAMES.search(turn.question)
    return paragraphs(
        say(turn.lang, "no_target.known" if has else "no_target.unknown"),
        knowledge.answer(turn) if has else None,
        say(turn.lang, "no_target.which_system") if vague else None,
    )


def _ask_for(turn: Turn, name: str, route: Route) -> str | None:
    known = turn.target_names if name == "target" else turn.queues if name == "queue" else []
    candidates = ", ".join(code(c) for c in known[:_CANDIDATES])
    if candidates:
        return say(turn.lang, f"clarify.{name}_of", candidates=candidates)
    return maybe(turn.lang, f"clarify.{name}") or say(turn.lang, "clarify.other", name=code(name))


def _offers(lang: str, nearest: Sequence[str]) -> list[str]:
    names = [*nearest, *(d for d in _DEFAULT_OFFER if d not in nearest)]
    return [text for name in names if (text := maybe(lang, f"can.{name}"))][:_OFFERED]
