"""Finds the names in a message: targets, queues, frameworks, systems.

A queue may be called almost anything, `mail` or `default` included, so a bare word becomes a queue only where the
sentence treats it as a name. What quotes, what a thread has seen, and what looks like an identifier need no such sign.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.embedded.namesakes import QUEUE_WORD, Place, is_name_there, neighbour, place_of, precedes_queue
from agent.embedded.wordlists import Kind, cue, is_setting, words

_QUOTED = re.compile(r"[`«“„\"']([^\W_][\w.:/{}-]{0,199})[`»”“\"'](?!\w)")
_TOKEN = re.compile(
    r"[a-z]+://\S+|[A-Za-z]+['’](?:t|re|ve|ll|d|m)\b|[A-Za-z][A-Za-z0-9]*(?:[._:/-]+[A-Za-z0-9]+)*"
    r"|[^\W\d_]+(?:_[^\W_]+)*|\d+"
)
_SUFFIX = re.compile(r"['’`-][а-яё]{1,3}\b|['’]s\b", re.IGNORECASE)
_SHAPED = re.compile(r"[A-Za-z0-9]+(?:[._:/-]+[A-Za-z0-9]+)+|[a-z]+\d+[a-z0-9]*|[a-z]+(?:[A-Z][a-z]+)+")
_FILE = re.compile(r".*\.(?:py|toml|ya?ml|json|conf|cfg|ini|env|rb|ts|js|md|sh|log|com|net|org|io)|\d.*", re.IGNORECASE)
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_QUEUE_PLURAL = re.compile(r"queues|topics|очередей|очередям[и]?|очередях|топики|топиков", re.IGNORECASE)
_TARGET_WORD = re.compile(
    r"target|broker|redis|kafka|rabbit|cluster|instance|server|кластер\w*|таргет\w*|брокер\w*|цел[ьи]"
    r"|редис\w*|сервер\w*",
    re.IGNORECASE,
)

_PREFIXED = re.compile(r"(?:non|pre|semi|well|half|so|ever|super|ultra|self|anti)-[a-z]+$")
_VERBAL = re.compile(r"(?:ing|ed|ly|est|ful|ous|able|ible|n't)$")  # endings of words that are not names
_UNITS = frozenset(["s", "sec", "secs", "second", "m", "min", "minute", "h", "hour", "сек", "с", "мин"])
_NEAR_FIELD = 0.82  # likeness at which a word counts as a typo of a field's word
_NEAR_NAME = 0.8
_LONGEST_ENDING = 3  # of a Russian case ending on a name


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it stands in the text: `text[start:end]`. `sure` False: a single weak sign; `guessed`: a plain
    word that only its place in the sentence makes a name."""

    kind: Kind
    name: str
    start: int
    end: int
    sure: bool = True
    guessed: bool = False


def find_names(text: str, targets: Sequence[str], queues: Sequence[str]) -> list[Mention]:
    """Every name in the text, in order. `queues` are the names that the thread has seen."""
    finder = _Finder(text, targets, queues)
    found = list(finder.quoted())
    taken = [(m.start, m.end) for m in found]
    found += [m for m in finder.bare() if not any(start <= m.start < end for start, end in taken)]
    return sorted(found, key=lambda m: m.start)


class _Finder:
    """One pass over one text."""

    def __init__(self, text: str, targets: Sequence[str], queues: Sequence[str]) -> None:
        self.text = text
        self.targets = {name.lower(): name for name in targets}
        self.queues = {name.lower(): name for name in queues}
        self.tokens = list(_TOKEN.finditer(text))
        cyrillic = sum(1 for t in self.tokens if _CYRILLIC.search(t[0]))
        self.russian = cyrillic > 0 and not any(
            t[0].lower() in cue("subjects") or t[0].lower() == "the" for t in self.tokens
        )

    def quoted(self) -> Iterator[Mention]:
        """What stands in quotes or backticks."""
        for match in _QUOTED.finditer(self.text):
            name, lowered = match[1], match[1].lower()
            if lowered in self.targets and not self._queue_word_before(match.start()):
                yield Mention("target", self.targets[lowered], *match.span())
            elif lowered in words().products and self._queue_word_near(match):
                yield Mention("queue", name, *match.span())
            elif lowered in words().products or is_setting(name) or _FILE.fullmatch(name):
                continue
            else:
                yield Mention("queue", self.queues.get(lowered, name), *match.span())

    def bare(self) -> Iterator[Mention]:
        """What stands without quotes."""
        for index, token in enumerate(self.tokens):
            if "://" in token[0] or token[0].isdigit():
                continue
            found = self._cyrillic(index) if _CYRILLIC.search(token[0]) else self._latin(index)
            if found is not None:
                kind, name, sure = found
                suffix = _SUFFIX.match(self.text, token.end())
                guessed = (
                    kind == "queue"
                    and name.isalpha()
                    and name.lower() not in self.queues
                    and not self._beside_queue_word(index)
                    and self._place(index) is None
                )
                yield Mention(kind, name, token.start(), suffix.end() if suffix else token.end(), sure, guessed)

    # --- neighbours

    def _word(self, index: int, step: int) -> str:
        """The neighbouring word, lower case; empty across a sentence break or at an end."""
        return neighbour(self.text, self.tokens, index, step)

    def _queue_word_before(self, position: int) -> bool:
        before = re.search(r"(\w+)\s*(?:named|called|под названием|с именем)?\s*[:=]?\s*$", self.text[:position])
        return bool(before and QUEUE_WORD.fullmatch(before[1]))

    def _queue_word_near(self, match: re.Match[str]) -> bool:
        after = re.match(r"\s*-?(\w+)", self.text[match.end() :])
        return self._queue_word_before(match.start()) or bool(after and QUEUE_WORD.fullmatch(after[1]))

    def _beside_queue_word(self, index: int) -> bool:
        """«the mail queue», «очередь mail», «queue called mail», «mail-очереди»; not «celery queues»."""
        following = self._word(index, 1)
        if following and QUEUE_WORD.fullmatch(following) and not _QUEUE_PLURAL.fullmatch(following):
            return self._word(index, 1) != self._word(index, -1)
        return self._queue_word_before(self.tokens[index].start()) and self._word(index, 1) not in ("queue",)

    def _place(self, index: int) -> Place | None:
        return place_of(self.text, self.tokens, index)

    # --- Latin words

    def _latin(self, index: int) -> tuple[Kind, str, bool] | None:
        token = self.tokens[index][0]
        lowered = token.lower()
        beside = self._beside_queue_word(index)
        known = self._known(index, lowered, beside)
        if known is not None:
            return known
        if lowered in words().products:
            kind, name = words().products[lowered]
            in_queue = beside and kind == "framework" and not re.search(r"queues|очередей", self._word(index, -1))
            return ("queue", token, True) if in_queue and self._singular(index) else (kind, name, True)
        if lowered in words().hyphenated or _PREFIXED.match(lowered) or is_setting(token) or _FILE.fullmatch(token):
            named = beside and (is_setting(token) or self._ordinary_name(index, lowered))
            return ("queue", token, True) if named else None
        if _SHAPED.fullmatch(token) and not self._two_words(lowered):
            return "queue", token, True
        return self._plain(index, lowered, beside)

    def _singular(self, index: int) -> bool:
        """«в очереди celery» speaks of one queue, «очереди celery» of several."""
        before = self._word(index, -1)
        if before.startswith("очеред"):
            return before != "очереди" or self._word(index - 1, -1) in cue("prepositions") | {
                "глубина",
                "длина",
                "размер",
            }
        return before.startswith("queue") or self._word(index, 1).startswith(("queue", "очеред"))

    def _known(self, index: int, lowered: str, beside: bool) -> tuple[Kind, str, bool] | None:
        """Names that the configuration or the thread has, exactly or with a typo."""
        generic = lowered in words().english or lowered in words().double
        if lowered in self.targets and not (
            beside and (lowered in self.queues or lowered in words().double or self._ordinary_name(index, lowered))
        ):
            if not generic or self._names_target(index):
                return "target", self.targets[lowered], True
        elif lowered in self.queues and (beside or not generic or self.russian or self._cue(index)):
            return "queue", self.queues[lowered], True
        if generic or beside or len(lowered) < len("main"):
            return None
        candidates = [*self.queues, *self.targets]
        near = [name for name in candidates if sorted(name) == sorted(lowered)] or difflib.get_close_matches(
            lowered, candidates, n=1, cutoff=_NEAR_NAME
        )
        if near and near[0][0] == lowered[0] and not any(c in lowered for c in "._-:"):
            name = near[0]
            return ("queue", self.queues[name], True) if name in self.queues else ("target", self.targets[name], True)
        return None

    def _ordinary_name(self, index: int, lowered: str) -> bool:
        """Whether the word follows «queue» and only a name can stand there."""
        place = self._place(index)
        return place is not None and is_name_there(lowered, place)

    def _names_target(self, index: int) -> bool:
        """Whether a target called by a common word («main», «jobs») is meant here."""
        lowered, before, after = self.tokens[index][0].lower(), self._word(index, -1), self._word(index, 1)
        if after in cue("not_targets"):
            return False
        if any(_TARGET_WORD.fullmatch(word) for word in (before, after)):
            return True
        common = lowered in cue("common_targets")
        if self.russian or before in cue("prepositions") | cue("verbs") | {"the"}:
            return not (common and before in ("the", "of", "list"))
        return not common or len(self.tokens) == 1

    def _two_words(self, lowered: str) -> bool:
        """«and/or», «msgs/sec»: ordinary words with a stroke between."""
        parts = lowered.split("/")
        return len(parts) > 1 and (parts[-1] in _UNITS or all(p in words().english for p in parts))

    def _plain(self, index: int, lowered: str, beside: bool) -> tuple[Kind, str, bool] | None:
        """A word without any mark: a name only where the sentence treats it as one."""
        token = self.tokens[index][0]
        if len(lowered) < 2 or "'" in lowered or "’" in lowered:
            return None
        place = self._place(index)
        if place is not None and (beside or lowered in words().english):
            return ("queue", token, True) if is_name_there(lowered, place) else None
        if lowered in words().english:
            before_queue = beside and precedes_queue(lowered, self._word(index, -1))
            return ("queue", token, True) if before_queue else None
        if beside:
            return "queue", token, True
        double = lowered in words().double
        if not double and difflib.get_close_matches(lowered, cue("field"), n=1, cutoff=_NEAR_FIELD):
            return None
        if self.russian:
            return ("queue", token, True) if not self._in_latin_phrase(index) else None
        if self._cue(index):
            return "queue", token, True
        return ("queue", token, False) if not double and not _VERBAL.search(lowered) and self._weak_cue(index) else None

    def _in_latin_phrase(self, index: int) -> bool:
        """«visibility timeout» inside a Russian sentence is a term, not a name."""
        around = [self._word(index, step) for step in (-1, 1)]
        return any(
            w and not _CYRILLIC.search(w) and not w.isdigit() and w in words().english - cue("beside_names")
            for w in around
        )

    def _cue(self, index: int) -> bool:
        """The sentence treats the word as a name."""
        before, after = self._word(index, -1), self._word(index, 1)
        typo = bool(after) and after not in words().english and after not in words().double  # «in billing rigth now»
        closes = not after or after in cue("after") or after.isdigit() or after.endswith("ed") or typo
        if before in cue("prepositions") and closes:
            return True
        if before in cue("subjects") and (
            after in cue("states") or (closes and self._word(index - 1, -1) in cue("sizes"))
        ):
            return True
        if after in cue("measures") and before not in ("many", "my", "much"):
            return True
        if not before and after in cue("states") | {"is", "has"}:
            return True
        if before in ("me", "us"):  # «show me mail»
            before = self._word(index - 1, -1)
        if not before:
            return not after or after in ("queue", "now")
        if after in cue("things") and before in cue("before_things"):
            return self.tokens[index][0].lower() not in cue("adjectives")
        return (before in cue("verbs") or (before == "at" and self._word(index - 1, -1) == "peek")) and closes

    def _weak_cue(self, index: int) -> bool:
        before, after = self._word(index, -1), self._word(index, 1)
        closes = not after or after in cue("after")
        starts = before in cue("subjects") and closes
        return starts or after in cue("states") | {"is", "has"} or len(self.tokens) < 3

    # --- Cyrillic words

    def _cyrillic(self, index: int) -> tuple[Kind, str, bool] | None:
        lowered = self.tokens[index][0].lower()
        if lowered in words().products:
            kind, name = words().products[lowered]
            return kind, name, True
        if lowered in self.queues:
            return self._named(lowered)
        latin = _latinised(lowered)
        for name in (*self.targets, *self.queues):
            if len(name) > _LONGEST_ENDING and latin.startswith(name) and len(latin) - len(name) <= _LONGEST_ENDING:
                return self._named(name)
        name = next(
            (n for s, n in words().cyrillic.items() if lowered.startswith(s) and len(lowered) - len(s) <= 4), ""
        )
        if name in self.queues or name in self.targets:
            return self._named(name)
        if name and self._beside_queue_word(index):
            return "queue", name, True
        return ("queue", self.tokens[index][0], True) if self._ordinary_name(index, lowered) else None

    def _named(self, name: str) -> tuple[Kind, str, bool]:
        return ("queue", self.queues[name], True) if name in self.queues else ("target", self.targets[name], True)


_LETTERS = dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziiklmnoprstufye", strict=True)) | {
    "ё": "e", "ж": "zh", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya",
}  # fmt: skip


def _latinised(word: str) -> str:
    """«биллинге» → «billinge»: close enough to compare beginnings."""
    return "".join(_LETTERS.get(letter, letter) for letter in word)
