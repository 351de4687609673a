"""From a user's message to an intent with a tool and exact arguments, in English and Russian, without a model.

The intent model says what is wanted, the slots say of what, the thread's facts fill what the message leaves out, and
`agent.embedded.arguments` makes a call of it or says what must be asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from agent.embedded import arguments, followups
from agent.embedded.arguments import NAMED_LIVE, Call
from agent.embedded.slots import Slots, read_slots
from agent.embedded.wordings import without_paste

if TYPE_CHECKING:
    from agent.embedded.intents import IntentModel, Scores
    from knowledge.embeddings import Embedder

RouteKind = Literal["tool", "knowledge", "smalltalk", "off_topic", "clarify", "not_available"]
Step = tuple[str, dict[str, Any]]

_TALK = ("smalltalk", "off_topic", "vague")
_OFFERABLE = (*NAMED_LIVE, "list_targets", "knowledge", "search_knowledge")
_WITHOUT_TOOL: tuple[RouteKind, ...] = ("knowledge", "smalltalk", "off_topic")
_NEAREST = 3
# Chosen on the tuning cases and leave-one-out scores: below the first a request is not understood, below the
# second its words do not stand for themselves beside what was said before, below the third a part of it is no request
# of its own, and a message less like any example than the fourth is foreign.
_UNDERSTOOD = 0.22
_PART = 0.6
_OWN_REQUEST = 0.7
_FOREIGN = 0.35
_LITERALLY = 0.9  # likeness at which a message is as good as one of the examples
_HALF = 700  # characters of a long text that are read from either end
_FIRST_PARTS, _LAST_PARTS = 2, 4  # sentences of a long text that are weighed for themselves
_VAGUE = 6  # words; a longer message says what it is about

_SENTENCE = re.compile(r"(?<=[.?!;…])\s+|\n+|\s+[—–]\s+")
_JOINED = re.compile(
    r"(?:,|;|\.|\?)?\s+(?:and then|then|and also|and after that|and)\s+(?=tell|say|explain|show|check"
    r"|why|how|what|is|are|when|diagnose|find|measure|list|who|which|inspect|peek|look|see|give|let)"
    r"|(?:,|;|\.|\?)?\s+(?:и потом|потом|затем|а потом|а затем|а также|и ещё|и еще|и|а)\s+(?=скажи"
    r"|объясни|покажи|проверь|почему|сколько|когда|что|как|кто|продиагн|найди|замерь|измерь|расскажи"
    r"|разберись|посмотри|глянь|дай|выведи|какие)",
    re.IGNORECASE,
)
# «… and how long?»: asks for more of what was asked before, not for something else.
_ASKS_MORE = re.compile(
    r"\W*(?:and|а|и)?\W*(?:(?:for |since )?(?:how (?:long|often|many|much|old|big)|when|where)(?: already)?"
    r"|(?:уже )?(?:как (?:долго|давно|часто)|с каких пор|сколько (?:времени|штук|раз)|в каком количестве|когда))\W*",
    re.IGNORECASE,
)
_MEASURES = re.compile(r"\bmeasure|\bthroughput|\brates?\b|\bspeed|\bзамер|\bизмер|\bскорост|\bпомер", re.IGNORECASE)
_SEEN_BY_DIAGNOSE = ("inspect_queue", "inspect_broker")


@dataclass(frozen=True)
class Request:
    """A message and what the conversation knows.

    Attributes:
        targets: configured targets, name to system; a list of names will do (then systems are not told apart).
        facts: what the thread spoke of last: `target`, `queue`, `framework`.
        queues: queue names seen in the thread. `previous`: the user's message before this one.
    """

    text: str
    lang: str = "en"
    targets: Mapping[str, str] | Sequence[str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    queues: Sequence[str] = ()
    previous: str | None = None


@dataclass(frozen=True)
class Route:
    """What to do with a message.

    Attributes:
        args: of `tool`, exactly. `missing`: what must be asked before it can run (`target`, `queue`).
        confidence: 0 to 1. `nearest`: three things that can be done, nearest first, by tool name or `knowledge`.
        wanted: the tool that does not exist yet; with `clarify` the one that lacks something, if that is clear.
        steps: the plan when a message asks for several calls; its first step is `tool` with `args`.
    """

    kind: RouteKind
    tool: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    confidence: float = 0.0
    nearest: list[str] = field(default_factory=list)
    wanted: str | None = None
    steps: list[Step] = field(default_factory=list)


class Router:
    """Routes messages. Loads nothing before the first one; safe to share between threads.

    Args:
        cache_dir: where the fitted intent model is kept; the user's cache folder when None.
        embedder: the embedded one when None.
    """

    def __init__(self, cache_dir: Path | None = None, embedder: Embedder | None = None) -> None:
        self._cache_dir, self._embedder = cache_dir, embedder
        self._lock = Lock()
        self._model: IntentModel | None = None

    def prepare(self) -> None:
        """Loads the model, or fits it (some seconds, once)."""
        with self._lock:
            if self._model is None:
                from agent.embedded.fitting import open_model
                from knowledge.embeddings import embedded

                self._model = open_model(self._embedder or embedded(), self._cache_dir or default_cache_dir())

    def route(self, request: Request) -> Route:
        """What the message asks for."""
        self.prepare()
        text = _ends(without_paste(request.text.strip()))
        if not re.search(r"\w", text):
            return Route("clarify", nearest=["diagnose", "inspect_broker", "knowledge"])
        slots = self._slots(text, request)
        wanted = self._follow_up(slots, request)
        if wanted is None:
            scores = self._scores(slots, request)
            wanted = _Wish(self._intent(slots, scores, request), slots, scores)
        return self._route(wanted, request)

    def _slots(self, text: str, request: Request) -> Slots:
        known = [*request.queues, *([request.facts["queue"]] if request.facts.get("queue") else [])]
        return read_slots(text, request.targets, list(dict.fromkeys(known)))

    def _scores(self, slots: Slots, request: Request) -> Scores:
        """Of the whole message, and of its sentences where it has several: the last one and the "
        "clearest one count."""
        assert self._model is not None  # noqa: S101  (prepare() has run)
        whole = self._model.score(slots)
        sentences = [p for p in _SENTENCE.split(slots.text) if re.search(r"\w", p)]
        parts = [p for p in sentences if len(p.split()) > 1]
        parts = [*parts[:-_LAST_PARTS][:_FIRST_PARTS], *parts[-_LAST_PARTS:]]
        scored = [self._model.score(self._slots(part, request)) for part in parts]
        if sentences and len(sentences[-1].split()) == 1:
            order = self._model.score(self._slots(sentences[-1], request))
            scored += [order] if order.nearest >= _LITERALLY and order.best in NAMED_LIVE else []  # «… Diagnose.»
        if len(scored) < 2:
            return whole
        serious = [s for s in scored if s.best not in _TALK] or scored
        clearest = max(serious, key=lambda s: s.ranked[0][1])
        mixed = {name: (share + serious[-1].of(name) + clearest.of(name)) / 3 for name, share in whole.ranked}
        ranked = sorted(mixed.items(), key=lambda pair: -pair[1])
        return replace(whole, ranked=ranked, nearest=max(s.nearest for s in (whole, *scored)))

    def _intent(self, slots: Slots, scores: Scores, request: Request) -> str:
        """The best intent that fits what the message names."""
        about_queues = bool(slots.queues or slots.targets or slots.framework or slots.system)
        for name, _ in scores.ranked:
            if (
                name in ("smalltalk", "off_topic")
                and ((slots.queues and not slots.unmasked) or slots.targets)
                and len(slots.text.split()) > 1
            ):
                continue
            if name == "off_topic" and about_queues and not slots.unmasked:
                continue
            if name == "vague" and (slots.queues or len(slots.text.split()) > _VAGUE):
                continue
            return arguments.fitting_intent(name, slots, request)
        return scores.best

    def _follow_up(self, slots: Slots, request: Request) -> _Wish | None:
        """The wish of the message before, where this one only changes its slots or repeats it."""
        if followups.asks_cure(slots.text):
            before = self._before(request)
            return before if before and before.intent == "diagnose" else None
        slots = self._slots(followups.without_yes(slots.text), request)
        correction = followups.is_correction(slots.text)
        rest = self._slots(followups.without_correction(slots.text), request) if correction else slots
        fragment = followups.is_fragment(slots)
        if not fragment and not correction and not followups.repeats(slots.text):
            return None
        scores = self._scores(rest, request)
        foreign = scores.best in (*_TALK, "knowledge") and scores.nearest < _LITERALLY
        unclear = fragment or (correction and foreign) or scores.ranked[0][1] < _PART
        if not fragment and not (unclear or scores.best == "vague"):
            return _Wish(self._intent(rest, scores, request), rest, scores) if correction else None
        before = self._before(request)
        if before is None or (fragment and not arguments.takes(before.intent, slots)):
            bare = fragment and (scores.best == "vague" or scores.ranked[0][1] < _PART)
            return _Wish(arguments.of_names(slots), slots, scores) if bare else None
        slots = followups.merged(before.slots, rest)
        if not correction and rest.targets and rest.targets != before.slots.targets and before.intent == "diagnose":
            # «Now check spare»: another broker, so the queue that was spoken of is not meant. A correction keeps it.
            slots = replace(slots, queues=rest.queues)
        return _Wish(before.intent, slots, before.scores)

    def _before(self, request: Request) -> _Wish | None:
        if not request.previous:
            return None
        slots = self._slots(_ends(without_paste(request.previous)), request)
        scores = self._scores(slots, request)
        intent = self._intent(slots, scores, request)
        return _Wish(intent, slots, scores) if intent in (*NAMED_LIVE, "list_targets") else None

    def _route(self, wish: _Wish, request: Request) -> Route:
        scores = wish.scores
        nearest = [name for name, _ in scores.ranked if name in _OFFERABLE][:_NEAREST]
        said = partial(Route, confidence=round(scores.ranked[0][1], 3), nearest=nearest)
        intent = wish.intent
        if intent == "clarify" or (scores.ranked[0][1] < _UNDERSTOOD and scores.nearest < _FOREIGN):
            return said("clarify", missing=arguments.missing_target(wish.slots, request))
        for kind in _WITHOUT_TOOL:
            if intent == kind:
                return said(kind)
        if intent not in _OFFERABLE:
            return said("not_available", wanted=intent)
        calls = self._plan(wish, request)
        first = calls[0]
        if "target" in first.missing and not request.targets:
            return said("knowledge", missing=["target"], wanted=first.tool)
        if first.missing:
            return said("clarify", missing=first.missing, wanted=first.tool)
        steps = [(call.tool, call.args) for call in calls if not call.missing] if len(calls) > 1 else []
        return said("tool", first.tool, first.args, steps=steps)

    def _plan(self, wish: _Wish, request: Request) -> list[Call]:
        """One call, or one a part of the message («measure mail and tell me why it grows»), or one a named queue."""
        intents = self._parts(wish, request)
        calls = [call for intent in intents for call in arguments.calls(intent, wish.slots, request)]
        if "measure" in intents:
            # The measurement has watched already; a diagnosis finds its samples and need not watch as long again.
            calls = [replace(c, args={k: v for k, v in c.args.items() if k != "window_s"}) for c in calls]
        return calls or arguments.calls(wish.intent, wish.slots, request)

    def _parts(self, wish: _Wish, request: Request) -> list[str]:
        parts = [p for p in _JOINED.split(wish.slots.text) if len(p.split()) > 1 and not _ASKS_MORE.fullmatch(p)]
        if len(parts) != 2 or wish.intent not in NAMED_LIVE:
            return [wish.intent]
        slots = [self._slots(part, request) for part in parts]
        scores = [self._scores(part, request) for part in slots]
        intents = [self._intent(s, score, request) for s, score in zip(slots, scores, strict=True)]
        clear = all(i in NAMED_LIVE and s.of(i) > _OWN_REQUEST for i, s in zip(intents, scores, strict=True))
        if not clear or intents[0] == intents[1]:
            return [wish.intent]
        if "diagnose" in intents:
            other = intents[0] if intents[1] == "diagnose" else intents[1]
            if other in _SEEN_BY_DIAGNOSE or (other == "measure" and not _MEASURES.search(wish.slots.text)):
                return ["diagnose"]
        return intents


@dataclass(frozen=True)
class _Wish:
    """An intent with the slots that it is about."""

    intent: str
    slots: Slots
    scores: Scores


def _ends(text: str) -> str:
    """The beginning and the end of a pasted text: the wish stands at one of them."""
    return text if len(text) <= 2 * _HALF else f"{text[:_HALF]}\n{text[-_HALF:]}"


def default_cache_dir() -> Path:
    """The user's cache folder, as the contract places it."""
    if home := os.environ.get("QUEUEWRIGHT_HOME"):
        return Path(home) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "queuewright"
