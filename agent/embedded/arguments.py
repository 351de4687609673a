"""From an intent and slots to a tool call with exact arguments, or to what must be asked first.

Which target and which queue are meant when a message does not say so is decided here, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agent.embedded.slots import Slots
from agent.embedded.wordings import search_query

NAMED_LIVE = ("diagnose", "measure", "inspect_queue", "inspect_broker", "inspect_workers", "peek_messages")
_NEED_QUEUE = ("inspect_queue", "peek_messages")
_TAKE_QUEUE = (*_NEED_QUEUE, "measure", "diagnose")
_MOST_CALLS = 3

_SHORT = 6  # words: a question this short without a subject speaks of what the conversation spoke of
_CONTINUES = re.compile(r"^\W*(?:and|so|but|then|also|а|и|но|так|тогда)\b", re.IGNORECASE)
# Subjects of a question that is not about the queue that was spoken of.
_SUBJECT = re.compile(
    r"\b(?:workers?|tasks?|jobs?|messages?|redis|broker|system|memory|celery|everything|anything"
    r"|nothing|things|connections?|latency|emails?|we|you|prod\w*"
    r"|воркер\w*|задач\w*|таск\w*|джоб\w*|сообщени\w*|систем\w*|памят\w*|вс[её]|всего|ничего"
    r"|соединени\w*|задержк\w*|пис[ье]м\w*|мы|у нас|ты|прод\w*|что-нибудь)\b",
    re.IGNORECASE,
)
_LOOKING = re.compile(
    r"\b(?:status|details?|show|подробн\w*|поподробн\w*|детали|статус|покажи|more|расскажи)\b", re.IGNORECASE
)
_SAME_FRAMEWORK = re.compile(
    r"\b(?:that|this|same|the) framework\b|\b(?:этого|того же|этот) фреймворка?\b", re.IGNORECASE
)


class Asked(Protocol):
    """What is needed of a request."""

    @property
    def targets(self) -> Mapping[str, str] | Sequence[str]: ...  # noqa: D102
    @property
    def facts(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True)
class Call:
    """A tool with its arguments; `missing` names those without which it cannot run."""

    tool: str
    args: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def fitting_intent(intent: str, slots: Slots, asked: Asked) -> str:
    """The intent that the names in the message allow: a queue's overview needs a queue, a broker's "
    "must not name one."""
    queue = bool(slots.queues)
    if intent == "vague":
        return _of_vague(slots, asked)
    if intent == "inspect_broker" and queue and not slots.everything:
        return "inspect_queue"
    if intent == "inspect_queue" and not queue and not (slots.points and asked.facts.get("queue")):
        whole = slots.everything or ((slots.targets or slots.system) and not slots.the_queue)
        return "inspect_broker" if whole else intent
    if intent == "peek_messages" and slots.state == "active" and not queue and not asked.facts.get("queue"):
        return "inspect_workers"
    return intent


def of_names(slots: Slots) -> str:
    """What a message means that holds a name and nothing else."""
    if slots.queues:
        return "inspect_queue"
    if slots.targets:
        return "inspect_broker"
    return "inspect_workers" if slots.framework else "clarify"


def takes(intent: str, slots: Slots) -> bool:
    """Whether an intent has a use for the slots of a fragment."""
    if slots.queues:
        return intent in _TAKE_QUEUE or intent == "inspect_workers"
    if slots.state or slots.limit:
        return intent == "peek_messages"
    if slots.seconds:
        return intent in ("measure", "diagnose")
    return intent in NAMED_LIVE


def calls(intent: str, slots: Slots, asked: Asked) -> list[Call]:
    """The call of an intent, one a queue where several are named."""
    if intent == "list_targets":
        return [Call("list_targets")]
    if intent == "search_knowledge":
        return [Call("search_knowledge", {"query": search_query(slots.text)})]
    target = _target(slots, asked)
    queues: list[str | None] = [_queue(intent, slots, asked)]
    if len(slots.queues) > 1:  # one call shows them all, where the tool has such a call
        queues = list(slots.queues[:_MOST_CALLS]) if intent in _NEED_QUEUE else [None]
    places: list[str | None] = [target]
    if len(slots.targets) > 1:
        every = intent == "diagnose" and set(slots.targets) == set(asked.targets)
        places = [None] if every else list(slots.targets[:_MOST_CALLS])
    return [_call(intent, slots, place, queue, asked) for place in places for queue in queues]


def missing_target(slots: Slots, asked: Asked) -> list[str]:
    """`target` when a live question could not tell which one."""
    return [] if _target(slots, asked) else ["target"]


def _call(intent: str, slots: Slots, target: str | None, queue: str | None, asked: Asked) -> Call:
    args: dict[str, Any] = {"target": target, "queue": queue if intent in _TAKE_QUEUE else None}
    missing = [] if target or (intent == "diagnose" and asked.targets) else ["target"]
    if intent in _NEED_QUEUE and not queue:
        missing.append("queue")
    if intent == "peek_messages":
        args |= {"state": slots.state, "limit": slots.limit}
    if intent == "measure":
        args["seconds"] = slots.seconds
    if intent == "diagnose" and slots.observes:
        args["window_s"] = slots.seconds
    if intent in ("inspect_workers", "diagnose", *_NEED_QUEUE):
        args["framework"] = slots.framework or _framework_of(slots, asked)
    return Call(intent, {name: value for name, value in args.items() if value is not None}, missing)


def _target(slots: Slots, asked: Asked) -> str | None:
    """The one that there is; else the named one, else the thread's. None: not known, or all are meant."""
    names = list(asked.targets)
    if len(names) == 1:
        return names[0]
    if slots.targets:
        return slots.targets[0]
    known = asked.facts.get("target")
    return known if known in names and not slots.every_target and not slots.elsewhere else None


def _queue(intent: str, slots: Slots, asked: Asked) -> str | None:
    """The named one; else the thread's where the message points at it or the tool needs one."""
    if slots.queues:
        return slots.queues[0]
    known = asked.facts.get("queue")
    if not known or slots.everything or (slots.every_target or (slots.targets and not slots.points)):
        return None
    if slots.points or slots.the_queue or intent in _NEED_QUEUE:
        return known
    if _SUBJECT.search(slots.text) or slots.framework or slots.system:
        return None
    return known if _CONTINUES.match(slots.text) or len(slots.text.split()) <= _SHORT else None


def _framework_of(slots: Slots, asked: Asked) -> str | None:
    """The thread's, where the message names it so, or goes on about the same queue."""
    goes_on = not slots.targets and (_CONTINUES.match(slots.text) or (slots.points and not slots.queues))
    return asked.facts.get("framework") if goes_on or _SAME_FRAMEWORK.search(slots.text) else None


def _of_vague(slots: Slots, asked: Asked) -> str:
    """«check it», «details»: about what the conversation spoke of, or about the only target; otherwise unclear."""
    if slots.queues or (asked.facts.get("queue") and not slots.everything):
        return "inspect_queue" if _LOOKING.search(slots.text) else "diagnose"
    if _target(slots, asked):
        return "inspect_broker" if _LOOKING.search(slots.text) else "diagnose"
    return "clarify" if asked.targets else "diagnose"
