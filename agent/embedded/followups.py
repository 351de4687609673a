"""Messages that say only what is different: «and push?», «нет, я про cache», «the last 3», «again».

Such a message takes its wish from the message before it and brings its own names and numbers.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agent.embedded.quantities import message_state, without_quantities, without_states
from agent.embedded.slots import Slots
from agent.embedded.wordlists import cue

_CORRECTION = re.compile(
    r"^\s*(?:(?:no|nope|not that|not this|wrong one|the wrong one|wrong queue|my bad|sorry|wait|oops"
    r"|actually|i mean|i meant|i was talking about|i am talking about|rather|"
    r"нет|не то|не та|не тот|не туда|не ту|ой|стоп|погоди|точнее|вернее|я про|я имел[аи]? в виду"
    r"|имел[аи]? в виду|я имею в виду|"
    r"я говорю про|я говорил[аи]? про|я о|я спрашивал[аи]? про)\b[\s,.!:;—-]*)+",
    re.IGNORECASE,
)
_REPEAT = re.compile(
    r"\b(?:again|once more|refresh|repeat|retry that|same again|try again|rerun|re-run|and now"
    r"|what about now|update)\b|^now\??$"
    r"|\b(?:ещё раз|еще раз|повтори|обнови|заново|снова|по новой|то же самое|а сейчас|а теперь|перепроверь)\b",
    re.IGNORECASE,
)
_WHAT_ABOUT = re.compile(r"\b(?:what|how) about\b|\bwhat of\b|\bа? ?что (?:насч[её]т|по|там по)\b", re.IGNORECASE)
# «How do I fix that?»: the cure of what was just diagnosed. Diagnosing again gives it for the state of now.
_CURE = re.compile(
    r"^\W*(?:(?:and|so|ok|okay|but|then)\W+)*(?:"
    r"(?:how|what) (?:do|can|should|would) (?:i|we|you) (?:do|fix|solve|cure|repair)"
    r"(?: (?:it|that|this|them|about (?:it|that|this)))?|how to fix (?:it|that|this|them))(?: now| then)?\W*$"
    r"|^\W*(?:(?:а|и|ну|так|хорошо|ок)\W+)*(?:"
    r"как (?:же )?(?:мне |нам )?(?:это|её|ее|его|их) "
    r"(?:исправить|починить|вылечить|лечить|решить|поправить|чинить|пофиксить)"
    r"|что (?:же )?(?:мне |нам )?(?:с этим |теперь |тогда )*делать)(?: теперь)?\W*$",
    re.IGNORECASE,
)
_YES = re.compile(r"^\s*(?:yes|yeah|yep|yup|right|exactly|да|ага|угу|именно|верно)\b[\s,.!:;—-]+(?=\S)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


def is_correction(text: str) -> bool:
    """Whether the message takes something back."""
    return bool(_CORRECTION.match(text))


def without_correction(text: str) -> str:
    """The message without «no, I meant»."""
    return _CORRECTION.sub("", text) or text


def asks_cure(text: str) -> bool:
    """Whether the message asks how to cure what was just spoken of."""
    return bool(_CURE.match(text))


def without_yes(text: str) -> str:
    """The message without a leading «yes,»: what follows answers the question that was asked back."""
    return _YES.sub("", text)


def repeats(text: str) -> bool:
    """Whether the message asks for the same again."""
    return bool(_REPEAT.search(text))


def is_fragment(slots: Slots) -> bool:
    """Whether the message holds slots and nothing else."""
    filled = slots.queues or slots.targets or slots.limit or slots.seconds or slots.state or slots.framework
    left = set(_left_over(slots))
    if not slots.queues and not slots.targets and (slots.limit or slots.state):
        left -= cue("of_messages")
    return bool(filled) and not left


def merged(before: Slots, now: Slots) -> Slots:
    """The slots of the message before, with what the new one says differently."""
    named = bool(now.queues)
    return replace(
        before,
        targets=now.targets or before.targets,
        queues=now.queues or before.queues,
        framework=now.framework or before.framework,
        state=now.state or before.state,
        limit=now.limit or before.limit,
        seconds=now.seconds or before.seconds,
        observes=before.observes or bool(now.seconds),
        points=(before.points or now.points) and not named,
        everything=before.everything and not named,
        every_target=before.every_target and not now.targets,
        elsewhere=now.elsewhere,
    )


def _left_over(slots: Slots) -> list[str]:
    """Words that are neither names nor quantities nor fillers."""
    text = slots.text
    for mention in sorted(slots.mentions, key=lambda m: -m.start):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    text = without_quantities(_WHAT_ABOUT.sub(" ", _CORRECTION.sub("", text)))
    if message_state(text):
        text = without_states(text)
    return [word for word in _WORD.findall(text.lower()) if word not in cue("fillers") and word != "s"]
