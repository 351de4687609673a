"""Whether an ordinary word that stands beside the word «queue» is the queue's name: «queue other», «очередь тест».

A queue may be called like any word, so what stands there is a name unless grammar explains it: a verb («the queue
grows»), a part («queue depth»), what a queue is of («очередь задач»), an adjective that agrees («очередь большая»).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.embedded.wordlists import cue, words

# Latin endings of participles and adverbs.
_VERBAL = re.compile(r"(?:ing|ed|ly|est|ful|ous|able|ible|n't)$")
_CUES = ("prepositions", "measures", "subjects", "after", "states")
# Endings of Russian verbs, of short participles, of adjectives that agree with «очередь», of adverbs, and of cases
# that say what the queue is of; nouns that end so are listed.
_RU_GRAMMAR = re.compile(
    r".*(?:[аяеуёию]ет|[бвдзклмнпрстчщ][её]т|[иаяую]т|[тч]ся|ться|сь|[аяеиыоу]ть|ти|чь"
    r"|ла|ли|ло|\w{3}[аяе]на|\w{3}[аяе]ны"
    r"|ых|их|ая|яя|ую|юю|ой|ою|[нвгклртхжшч]о"
    r"|ов|ев|ёв|ей|ий|ам|ям|ами|ями|ах|ях|ом|ем|ём)"
)
_RU_OTHER_GENDER = re.compile(r".{2,}(?:[нквгрлтшщмдбпсчж][ыи][йе]|[нквгрлтмдбпс]ое|[шщчж]ее)")
_RU_PLURAL = re.compile(r".*(?:ые|[гкхжшщч]ие)")
_PLURAL = re.compile(r"queues|topics|очередей|очередям[и]?|очередях|топики|топиков|топиках", re.IGNORECASE)
QUEUE_WORD = re.compile(r"(?:queue|que|topic|очеред|очерёд|топик)(?:'?s|[ьиюей]+|ью|ям[и]?|ях|[аеу])?", re.IGNORECASE)
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_BREAK = re.compile(r"[.?!;,:()\n]|\s[-–—]\s")
_NAMING = re.compile(r"\b(?:(?P<two>под названием|с именем)|named|called)\s*[:=]?\s*$", re.IGNORECASE)
_GAP = re.compile(r"\s*[:=]?\s*")
_LIST_GAP = re.compile(r"\s*,?\s*")
_AND = ("and", "or", "и", "или")
_EITHER = "очереди"  # of one queue, or several


@dataclass(frozen=True, slots=True)
class Place:
    """Where a word stands: the word «queue» before it, the words before and after; all lower case, empty if none.

    `lead` is the word straight before «queue», `earlier` the one before that; `named`: «queue called …»; `in_list`: one
    of several, «queues mail and …».
    """

    queue: str
    lead: str = ""
    earlier: str = ""
    after: str = ""
    named: bool = False
    in_list: bool = False

    @property
    def asked(self) -> str:
        """The word that opens the question: «is (the) queue …»."""
        return self.earlier if self.lead in ("the", "my", "our", "your") else self.lead

    @property
    def several(self) -> bool:
        """Whether the word before speaks of several queues."""
        if self.queue == _EITHER:
            return self.lead not in cue("prepositions") | listed("ru_depths")
        return bool(_PLURAL.fullmatch(self.queue))


@functools.cache
def _lists() -> dict[str, frozenset[str]]:
    data = tomllib.loads(Path(__file__).with_name("namesakes.toml").read_text(encoding="utf-8"))
    return {name: frozenset(value.split()) for name, value in data.items()}


def listed(name: str) -> frozenset[str]:
    """A list of `namesakes.toml`."""
    return _lists()[name]


def neighbour(text: str, tokens: Sequence[re.Match[str]], index: int, step: int) -> str:
    """The neighbouring word, lower case; empty across a sentence break or at an end."""
    other = index + step
    if not 0 <= other < len(tokens):
        return ""
    first, second = sorted((index, other))
    return "" if _BREAK.search(text[tokens[first].end() : tokens[second].start()]) else tokens[other][0].lower()


def place_of(text: str, tokens: Sequence[re.Match[str]], index: int) -> Place | None:
    """The place of a word that follows «queue», «queue called», or goes on the list «queues mail and»; else None."""
    if index == 0:
        return None
    gap, other = text[tokens[index - 1].end() : tokens[index].start()], index - 1
    after = neighbour(text, tokens, index, 1)
    if _LIST_GAP.fullmatch(gap) and (place := _first_of_list(text, tokens, index)):
        return replace(place, after=after, in_list=True)
    naming = _NAMING.search(text[: tokens[index].start()])
    if naming:
        other -= 2 if naming["two"] else 1
    if other < 0 or not QUEUE_WORD.fullmatch(tokens[other][0]) or not (naming or _GAP.fullmatch(gap)):
        return None
    lead = neighbour(text, tokens, other, -1)
    earlier = neighbour(text, tokens, other - 1, -1) if lead else ""
    goes_on = after in _AND or text[tokens[index].end() :].lstrip().startswith(",")
    return Place(tokens[other][0].lower(), lead, earlier, after, bool(naming), goes_on)


def _first_of_list(text: str, tokens: Sequence[re.Match[str]], index: int) -> Place | None:
    """The place of the name before this one in a list of queues."""
    joined = tokens[index - 1][0].lower() in _AND
    comma = "," in text[tokens[index - 1].end() : tokens[index].start()]
    first = index - 2 if joined else index - 1
    if first < 1 or joined == comma:
        return None
    place = place_of(text, tokens, first)
    fits = place is not None and place.several and is_name_there(tokens[first][0].lower(), place)
    return place if fits else None


def is_name_there(word: str, place: Place) -> bool:
    """Whether a lower-case word in this place is the queue's name."""
    return (_follows_russian if _CYRILLIC.search(word) else _follows_latin)(word, place)


def _follows_latin(word: str, place: Place) -> bool:
    """Whether a lower-case Latin word straight after «queue» is the queue's name."""
    if word in listed("never") or (word == "other" and place.after == "than"):
        return False
    if place.named:
        return True
    if place.lead in listed("open") | listed("ru_open") or _queues_verb(place) or _already_named(word, place):
        return False
    if word in listed("many") or word in words().hyphenated:
        return _one_thing(place) or (word in cue("things") and place.lead in ("in", "from"))
    if word in words().english and _is_grammar(word):
        return _verbal(word) and word not in cue("states") and _one_thing(place)
    return not _completes_question(word, place)


def _is_grammar(word: str) -> bool:
    return word in listed("parts") or _verbal(word) or (any(word in cue(n) for n in _CUES) and word != "work")


def _verbal(word: str) -> bool:
    return bool(_VERBAL.search(word)) and word not in listed("nouns")


def _already_named(word: str, place: Place) -> bool:
    """«the job queue healthy», «priority queues work»: an ordinary word is no second name, nor one of unnamed ones."""
    if word not in words().english:
        return False
    several = place.several and place.queue != _EITHER and not place.in_list
    return several or place.lead in listed("nouns") | listed("kinds") | words().double


def _queues_verb(place: Place) -> bool:
    """«how to queue work», «we queue files»; but not «sent to queue work»."""
    if not place.queue.startswith("que"):
        return False
    if place.lead == "to":
        return place.earlier not in listed("into")
    return place.lead in listed("queuers") and place.lead not in listed("auxiliaries") | {"and", "then"}


def _one_thing(place: Place) -> bool:
    """A verb that agrees with one queue: «queue jobs is», «is queue jobs stuck»."""
    questioned = place.asked in ("is", "was", "does", "has") and _goes_on(place.after)
    return place.after in listed("one_thing") or questioned


def _goes_on(after: str) -> bool:
    """Whether the word after is what is said of the queue."""
    return after in cue("states") or after in listed("never") - cue("after") or after.endswith(("ing", "ed"))


def _completes_question(word: str, place: Place) -> bool:
    """«is the queue slow», «does the queue work»: the word is what is asked, unless another one is."""
    asked = place.asked
    said = word in listed("predicates")
    if asked in listed("copulas") and said:
        return place.after not in cue("states") and not place.after.endswith(("ing", "ed"))
    if asked in listed("auxiliaries"):
        return not _goes_on(place.after) and word in words().english | words().double
    return word.endswith("ed") and not _one_thing(place)


def precedes_queue(word: str, before: str) -> bool:
    """Whether an ordinary lower-case word straight before «queue» is its name: «the test queue»."""
    return word in listed("nouns") and before not in listed("open") | {"more", "many"}


def _follows_russian(word: str, place: Place) -> bool:
    """Whether a lower-case Cyrillic word straight after «очередь» is the queue's name."""
    if word in listed("ru_never") or len(word) < 2:
        return False
    if place.named:
        return True
    if place.lead in listed("ru_open") or word in listed("ru_of"):
        return False
    if place.lead == "по" and place.after == "и":  # «проверь по очереди память и воркеры»
        return False
    if place.several and place.queue != _EITHER and not place.in_list:
        return False
    if word in listed("ru_nouns"):
        return True
    if _RU_OTHER_GENDER.fullmatch(word):  # disagrees with «очередь», so it is no adjective of it
        plural = place.queue == _EITHER and place.several and _RU_PLURAL.fullmatch(word)
        return not plural and not _is_russian_noun(place.after)
    return not _RU_GRAMMAR.fullmatch(word)


def _is_russian_noun(word: str) -> bool:
    """Whether the word may be what an adjective before it is about: «в очереди старые задачи»."""
    return bool(word) and word not in listed("ru_never") and not _RU_GRAMMAR.fullmatch(word)
