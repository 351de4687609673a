"""Numbers, durations and message states in a message, in both languages, as the tools take them."""

from __future__ import annotations

import re

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "один": 1, "одно": 1, "одну": 1, "два": 2, "две": 2, "двух": 2, "три": 3, "трёх": 3, "трех": 3, "четыре": 4,
    "пять": 5, "пяти": 5, "шесть": 6, "семь": 7, "восемь": 8, "девять": 9, "десять": 10, "десяток": 10,
    "десяти": 10, "пятнадцать": 15, "двадцать": 20, "двадцати": 20, "тридцать": 30, "тридцати": 30, "сорок": 40,
    "пятьдесят": 50, "шестьдесят": 60,
}  # fmt: skip
_WORD_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_NUMBER = rf"(?:\d+(?:[.,]\d+)?|{_WORD_NUMBER})"
_UNIT = (
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h"
    r"|секунд[аыуе]?|секундочек|секунды|сек|с|минут[аыуе]?|минуток|мин|м|час(?:а|ов)?|ч)"
)
_DURATION = re.compile(rf"(?<![\w.-])(?P<number>{_NUMBER})[\s-]*{_UNIT}\b\.?", re.IGNORECASE)
_HALF = re.compile(r"\bполминут\w*|\bпол\s+минут\w*|\bhalf\s+(?:a\s+)?minute\b", re.IGNORECASE)
# «for a minute» is a window, «messages a minute» and «в минуту» are rates, «за минуту» may be either.
_ONE = re.compile(
    r"\b(?:for|over|during|within|next|last|past)\s+(?:a|the|one|an)?\s*minute\b|(?:в\s+течение|за|на"
    r"|ещё|еще)\s+минут[уы]\b"
    r"|(?<!в\s)(?<!за\s)\bминут(?:у|ку|очку)\b",
    re.IGNORECASE,
)
_RATE = re.compile(r"\b(?:how many|per|сколько)\b.*\bминуту\b", re.IGNORECASE)
_PER_UNIT = re.compile(r"(?:\bper|/|\bevery|\bкажд\w+)\s*$", re.IGNORECASE)
_WINDOW = re.compile(
    r"\b(?:for|over|during|within|spend|watch(?:ing)?|observ(?:e|ing)|measur(?:e|ing)|sampl(?:e|ing)|monitor|window|look(?:ing)?)\b|\bпонаблюда\w*"
    r"|\bнаблюда\w*|\bпоследи\w*|\bпосмотр\w*"
    r"|\bпогляд\w*|\bзамер\w*|\bизмер\w*|\bтечени[еи]|\bокн[оае]\w*|\bглянь|\bпомер\w*|\bпомонитор\w*"
    r"|\bсмотри\b|\bследи\b|\bдиагност\w*",
    re.IGNORECASE,
)
_SYMPTOM = re.compile(
    r"\b(?:take|takes|took|taking|stuck|hang|hangs|hanging|running|been|since|ago|older|timeout"
    r"|longer|delayed?|late|wait\w*|sits?|idle)\b"
    r"[^,.;?!]*$|(?:вис\w+|выполня\w+|работа\w+|длит\w+|назад|старше|тайм-?аут\w*|дольше|больше|стоит"
    r"|ждут|жд[её]т|прост\w+|уже|задержк\w+)[^,.;?!]*$",
    re.IGNORECASE,
)
_THINGS = (
    r"(?:messages?|tasks?|jobs?|items?|examples?|samples?|records?|entries|of|сообщени\w*|задач\w*"
    r"|таск\w*|джоб\w*|пример\w*|штук\w*|шт|запис\w*)"
)
_LIMIT_FIRST = re.compile(rf"(?<![\w.:-])(?P<n>\d{{1,4}}|{_WORD_NUMBER})(?![\w%:]|[.-]\w)", re.IGNORECASE)
_NOT_COUNTED = re.compile(
    r"(?:\b(?:db|redis|number|no|№|номер|this|that|the|another|any|which|each|priority|приоритет\w*"
    r"|port|порт)|#)\s*$",
    re.IGNORECASE,
)

_STATES = (
    ("dead", r"\bdead(?:[- ]?letter\w*)?\b|\bfailed\b|\bfailures?\b|\bdl[qx]\b|\bdied\b|\berrored\b"
        r"|\bcrashed\b|\bdead-lettered\b"
             r"|м[её]ртв\w*|дохл\w*|\bупавш\w*|\bупал[иао]?\b|\bпадш\w*|\bсломан\w*|\bсбойн\w*|\bнеудач\w*"
                 r"|\bпровал\w*|\bзафейл\w*|\bфейл\w*|\bбит(?:ые|ых|ое)\b|\bдлк\b"
             r"|\bошибочн\w*|\bс ошибк\w*"),
    ("retry", r"\bretr(?:y|ies|ied|ying)\b|\bbeing retried\b|\bретра\w*|\bповтор(?:е|ах|ы|ов|ные|ных|яе\w*|ная"
        r"|ную|ной|ном|ить|ени\w*)\b|\bна повторе\b|\bперезапуска\w*"),
    ("scheduled", r"\bscheduled?\b|\bdelayed\b|\betas?\b|\bdeferred\b|\bpostponed\b|\bcountdown\b|\bfuture\b"
        r"|\bfor later\b"
                  r"|\bотлож\w*|\bзапланиров\w*|\bотсрочен\w*|\bшедул\w*|\bзашедул\w*|\bбудущ\w*|\bна потом\b"),
    ("active", r"\brunning\b|\bactive\b|\bin[- ]progress\b|\bexecuting\b|\bin[- ]flight\b|\bbeing (?:processed"
        r"|executed|run)\b"
               r"|\bвыполня\w*|\bактивн\w*|\bв работе\b|\bв процессе\b|\bв обработке\b|\bобрабатыва\w*"
                   r"|\bисполня\w*|\bкрут[яи]т\w*"),
)  # fmt: skip
_STATE = [(state, re.compile(pattern, re.IGNORECASE)) for state, pattern in _STATES]
_SECONDS = {"s": 1, "с": 1, "m": 60, "м": 60, "h": 3600, "ч": 3600}
LONGEST_WINDOW_S = 60
MOST_MESSAGES = 20


def message_state(text: str) -> str | None:
    """`scheduled`, `retry`, `dead` or `active` when the text says so; the first one named."""
    found = [(match.start(), state) for state, pattern in _STATE if (match := pattern.search(text))]
    return min(found)[1] if found else None


def limit(text: str) -> int | None:
    """How many messages are asked for, 1 to 20; None when no number is said."""
    plain = _DURATION.sub(" ", text)
    for match in _LIMIT_FIRST.finditer(plain):
        word = match["n"].lower()
        alone = word in ("one", "один", "одну", "одно")
        follows = re.match(rf"\s+(?:\w+\s+)?{_THINGS}\b", plain[match.end() :], re.IGNORECASE)
        if _NOT_COUNTED.search(plain[: match.start()]) or (alone and not follows):
            continue
        number = int(word) if word.isdigit() else _NUMBERS[word]
        if number > 0:
            return min(number, MOST_MESSAGES)
    return None


def window(text: str) -> int | None:
    """The stated length of a measurement in seconds, at most 60; None when nothing says that it is one.

    A rate («per minute»), an age («stuck for 30 minutes») and a forecast («in two hours») are no windows.
    """
    if _HALF.search(text):
        return LONGEST_WINDOW_S // 2
    for match in _DURATION.finditer(text):
        before = text[: match.start()]
        if _PER_UNIT.search(before) or _SYMPTOM.search(before):
            continue
        seconds = round(_number(match["number"]) * _unit(match["unit"]))
        if seconds > LONGEST_WINDOW_S and not _WINDOW.search(before[-30:]):
            continue
        return max(1, min(seconds, LONGEST_WINDOW_S))
    one = _ONE.search(text)
    return LONGEST_WINDOW_S if one and not _RATE.search(text) and not _SYMPTOM.search(text[: one.start()]) else None


def observes(text: str) -> bool:
    """Whether the text asks to watch or measure for a while."""
    return bool(_WINDOW.search(text))


def without_quantities(text: str) -> str:
    """The text with durations and counts replaced by words that say only that there was one."""
    return _LIMIT_FIRST.sub("5", _DURATION.sub("30 s", text))


def _number(text: str) -> float:
    return _NUMBERS.get(text.lower()) or float(text.replace(",", "."))


def _unit(text: str) -> int:
    return _SECONDS[text[0].lower()]


def without_states(text: str) -> str:
    """The text without the words that name a message's state."""
    for _, pattern in _STATE:
        text = pattern.sub(" ", text)
    return text
