"""What a message says besides what it wants: names, quantities, and whether it points back at the conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agent.embedded.names import Mention, find_names
from agent.embedded.quantities import limit, message_state, observes, window, without_quantities
from agent.embedded.wordings import plainly, without_politeness
from agent.embedded.wordlists import words

# «it», «there», «оттуда», «этой очереди»: whatever the conversation spoke of last.
_POINTS = re.compile(
    r"\b(?:it|its|it's|there|in here|from here|(?:that|this|the same) (?:one|queue|topic)|same queue)\b"
    r"|\b(?:она|е[её]|ей|ней|не[её]|оттуда|тамошн\w+|туда|там|отсюда|его|него|н[её]м|ему|(?:эт|т)(?:а"
    r"|у|ой|от|ого|ом|ому)(?: же| самой)? очеред\w*"
    r"|(?:эта|эту|этой)(?= |\?|$)|той же|ту же|та же)\b",
    re.IGNORECASE,
)
_THE_QUEUE = re.compile(
    r"\bthe queue\b(?! (?:system|names?|list))|\bочередь\b|\b(?:в|из|у|по|на|длина|размер|глубина"
    r"|с) очеред(?:и|ью)\b",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\bis there\b|\bare there\b|\bthere(?:'s| is| are)\b|\bthere (?:a|any|some)\b"
    r"|\bwhat time is it\b|\bis it (?:safe|ok to|okay to|possible|a good|bad|better|worth)\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all|every|each|any|which|whole|entire|total|overall|everywhere|anywhere|everything"
    r"|other)\b|\bqueues\b|\bbrokers?\b|\bacross\b"
    r"|\bвс(?:е|ех|ем|еми|ё|его|ей|ю)\b|\bкажд\w+|\bцеликом\b|\bвезде\b|\bвообще\b|\bобщ\w+"
    r"|\bостальн\w+|\bдруги\w+|\bброкер\w*"
    r"|\bочеред(?:ей|ям|ями|ях)\b|\b(?:какие|мои|наши|твои|список|покажи|выведи|перечисли|эти|самые \w+) очереди\b",
    re.IGNORECASE,
)
# «Is everything ok with it?» is about it.
_ALL_WELL = re.compile(
    r"\beverything (?:is )?(?:ok|okay|fine|alright|all right|well)\b"
    r"|\bвс[её] (?:ли )?(?:в порядке|хорошо|нормально|ок|норм)\b",
    re.IGNORECASE,
)
_EVERY_TARGET = re.compile(
    r"\b(?:all|every|each) (?:my |our |the |of the )?(?:targets?|brokers?|systems?|instances?"
    r"|environments?)\b|\beverywhere\b"
    r"|\b(?:все|всех|всем|всеми|каждый|каждого) (?:наши |наших |мои |моих )?(?:таргет\w*|цел\w*"
    r"|брокер\w*|систем\w*|окружени\w*|редис\w*)|\bвезде\b|\bповсюду\b",
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(
    r"\b(?:on|in|at) (?:the )?(?P<en>staging|production|prod|dev|test|qa|uat|preprod)\b"
    r"|\bна (?P<ru>стейдж\w*|проде|деве|тесте|продакшене|препроде)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\bnot|\bне|\bбез|\binstead of|\bвместо)\s+(?:the\s+|в\s+|на\s+|про\s+)?[`«\"']?$", re.IGNORECASE
)

QUEUE_MARK, TARGET_MARK = "myqueue", "mybroker"


@dataclass(frozen=True)
class Slots:
    """Everything typed that a message holds.

    Attributes:
        targets, queues: named, in order, without those that are denied («not mail»).
        system: a system named without being a target's name («the kafka»).
        seconds: of a measurement. `limit`: 1 to 20.
        points: the message points at what the conversation spoke of. `the_queue`: it speaks of one without a name.
        everything: it speaks of all queues or the whole broker; `every_target`: of all targets.
        masked: the text with names and quantities replaced, for comparing with examples; `unmasked` the same without
            trusting guessed names, empty when no name is a guess.
    """

    text: str
    targets: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    framework: str | None = None
    system: str | None = None
    state: str | None = None
    limit: int | None = None
    seconds: int | None = None
    observes: bool = False
    points: bool = False
    the_queue: bool = False
    everything: bool = False
    every_target: bool = False
    elsewhere: bool = False
    masked: str = ""
    unmasked: str = ""
    mentions: tuple[Mention, ...] = ()


def read_slots(text: str, targets: Mapping[str, str] | Sequence[str], queues: Sequence[str]) -> Slots:
    """The slots of a message. `targets`: configured names, with their systems if known; `queues`: "
    "seen in the thread."""
    plain = plainly(text)
    mentions = tuple(find_names(plain, list(targets), queues))
    kept = [m for m in mentions if not _NEGATED.search(plain[: m.start])]
    certain = any(m.kind == "queue" and not m.guessed for m in kept)
    kept = [m for m in kept if not (certain and m.guessed and m.name.lower() not in words().double)]
    shouted = plain.isupper()
    named = {
        kind: _unique(m.name for m in kept if m.kind == kind) for kind in ("target", "queue", "framework", "system")
    }
    without_names = _replaced(plain, mentions, queue="", target="")
    environment = _ENVIRONMENT.search(plain)
    points = bool(_POINTS.search(_EXPLETIVE.sub(" ", without_names)))
    return Slots(
        text=plain,
        targets=named["target"] or _by_system(targets, named["system"]),
        queues=[name.lower() if shouted else name for name in _sure(kept) or named["queue"]],
        framework=named["framework"][0] if named["framework"] else None,
        system=named["system"][0] if named["system"] else None,
        state=message_state(without_names),
        limit=limit(without_names),
        seconds=window(without_names),
        observes=observes(without_names),
        points=points,
        the_queue=not named["queue"] and bool(_THE_QUEUE.search(plain)),
        everything=bool(_ALL.search(_ALL_WELL.sub(" ", without_names) if points else without_names)),
        every_target=bool(_EVERY_TARGET.search(plain)),
        elsewhere=bool(environment) and not named["target"],
        masked=mask(plain, mentions),
        unmasked=mask(plain, [m for m in mentions if not m.guessed]) if any(m.guessed for m in mentions) else "",
        mentions=mentions,
    )


def mask(text: str, mentions: Sequence[Mention]) -> str:
    """The text with names and quantities replaced by one mark each, politeness and case taken out."""
    replaced = _replaced(text, mentions, queue=QUEUE_MARK, target=TARGET_MARK)
    polite = without_politeness(without_quantities(replaced))
    shorter = " ".join(polite.lower().replace("ё", "е").split())
    return shorter.rstrip(" ?!.…)(") or shorter or text


def _replaced(text: str, mentions: Sequence[Mention], *, queue: str, target: str) -> str:
    marks = {"queue": queue, "target": target}
    for mention in sorted(mentions, key=lambda m: -m.start):
        if mention.kind in marks:
            text = f"{text[: mention.start]}{marks[mention.kind]}{text[mention.end :]}"
    return text


def _by_system(targets: Mapping[str, str] | Sequence[str], systems: Sequence[str]) -> list[str]:
    """A system's name stands for its target where there is exactly one."""
    if not isinstance(targets, Mapping):
        return []
    named = [[name for name, kind in targets.items() if kind == system] for system in systems]
    return [names[0] for names in named if len(names) == 1]


def _sure(mentions: Sequence[Mention]) -> list[str]:
    return _unique(m.name for m in mentions if m.kind == "queue" and m.sure)


def _unique(names: object) -> list[str]:
    return list(dict.fromkeys(names))  # type: ignore[call-overload]
