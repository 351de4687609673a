"""How a case of each suite is played: what is asked of whom, and which judge sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from agent import texts
from agent.state import ThreadFacts
from evals.case import AnyCase, ConversationCase, InspectCase, KnowledgeCase, RoutingCase
from evals.checks import Call, Happened, Judgement, judge_knowledge, judge_routing, judge_turn
from evals.world import Bench, SetupFailed, Stage
from tools.errors import InputError

# Sections asked of the knowledge base: recall is measured up to 5.
_SECTIONS = 5


@dataclass
class Played:
    """A case that was put to the test. `seconds` of the turns alone; `cost_usd` None without prices."""

    judgement: Judgement
    seconds: float = 0.0
    tokens: int = 0
    cost_usd: float | None = None

    def add(self, answer: Mapping[str, Any]) -> None:
        """Adds what a turn took."""
        usage = answer["usage"]
        self.seconds += answer["duration_ms"] / 1000
        self.tokens += usage["input_tokens"] + usage["output_tokens"]
        if usage["cost_usd"] is not None:
            self.cost_usd = (self.cost_usd or 0.0) + usage["cost_usd"]


async def play(bench: Bench, case: AnyCase, thread: str) -> Played:
    """Plays one case on a thread of its own.

    Raises:
        SetupFailed: the case could not be put to the test.
        QueuewrightError: the session failed.
    """
    _open_knowledge(bench)
    return await _PLAYERS[type(case)](bench, case, thread)


async def _routing(bench: Bench, case: RoutingCase, thread: str) -> Played:
    stage = await bench.recorded(case.targets)
    if case.previous is not None:
        await stage.agent.ask(case.previous, thread_id=thread)
        stage.runner.take(thread)
    if case.facts or case.queues:
        await stage.agent.preset(thread, cast(ThreadFacts, case.facts), case.queues)
    answer = await stage.agent.ask(case.ask, thread_id=thread)
    off_topic = False
    if case.expect.kind == "knowledge" and not answer["citations"]:
        off_topic = (await asyncio.to_thread(bench.knowledge().search, case.ask, k=1)).off_topic
    played = Played(judge_routing(case.expect, Happened(_calls(stage, thread, answer), answer, off_topic)))
    played.add(answer)
    return played


async def _knowledge(bench: Bench, case: KnowledgeCase, _thread: str) -> Played:
    started = time.perf_counter()
    found = await asyncio.to_thread(bench.knowledge().search, case.ask, k=_SECTIONS)
    seconds = time.perf_counter() - started
    judgement = judge_knowledge(case.expect, [hit.id for hit in found.hits], found.off_topic)
    if case.expect.ids:
        # Where no expected article is written yet, the case says more about the base than about the search.
        judgement.marks["covered"] = float(bool(set(case.expect.ids) & set(bench.knowledge().article_ids)))
    return Played(judgement, seconds)


async def _inspect(bench: Bench, case: InspectCase, thread: str) -> Played:
    async with bench.world(case.worlds) as stage:
        if case.call is not None:
            return await _direct(stage, case)
        assert case.ask is not None
        answer = await stage.agent.ask(case.ask, thread_id=thread)
        played = Played(judge_turn(case.expect, _happened(stage, thread, answer), case.lang))
        played.add(answer)
        return played


async def _direct(stage: Stage, case: InspectCase) -> Played:
    assert case.call is not None
    with suppress(InputError):  # kept by the runner as a call that was refused, which a case may expect
        await stage.runner.call(case.call.tool, case.call.args, lang=case.lang)
    calls = stage.runner.take()
    seconds = sum(float(call.envelope.get("elapsed_ms", 0)) for call in calls) / 1000
    return Played(judge_turn(case.expect, Happened(calls), case.lang), seconds)


async def _conversation(bench: Bench, case: ConversationCase, thread: str) -> Played:
    played, right = Played(Judgement()), 0
    async with bench.world(case.worlds) as stage:
        for number, turn in enumerate(case.turns, start=1):
            answer = await stage.agent.ask(turn.ask, thread_id=thread)
            played.add(answer)
            judgement = judge_turn(turn.expect, _happened(stage, thread, answer), turn.lang or case.lang)
            played.judgement.reasons += [f"turn {number}: {reason}" for reason in judgement.reasons]
            right += judgement.passed
    played.judgement.marks["turns"] = right / len(case.turns)
    return played


def _happened(stage: Stage, thread: str, answer: Mapping[str, Any]) -> Happened:
    mark = texts.render(answer["language"], "correction", values="\0").partition("\0")[0]
    return Happened(_calls(stage, thread, answer), answer, corrected=mark in answer["answer"])


def _calls(stage: Stage, thread: str, answer: Mapping[str, Any]) -> list[Call]:
    """What the runner gave; a call that never reached it (arguments that are no JSON) from the answer's own list."""
    made = stage.runner.take(thread)
    reached = [call.tool for call in made]
    for call in answer["tool_calls"]:
        if call["name"] in reached:
            reached.remove(call["name"])
        else:
            made.append(Call(call["name"], call["args"], {"status": call["status"]}))
    return made


def _open_knowledge(bench: Bench) -> None:
    """Every turn searches it, so without it no answer could be judged."""
    from knowledge.build import EmptyBase

    try:
        bench.knowledge()
    except (EmptyBase, OSError) as error:
        raise SetupFailed(f"knowledge base: {error}") from error


_PLAYERS: dict[type[AnyCase], Callable[[Bench, Any, str], Awaitable[Played]]] = {
    RoutingCase: _routing,
    KnowledgeCase: _knowledge,
    InspectCase: _inspect,
    ConversationCase: _conversation,
}
