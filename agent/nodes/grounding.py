"""Which numbers and queue names of a draft stand in no evidence, no section and no question."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

# Thousands may be grouped by commas or by spaces (also no-break and thin ones); the fraction by a point or a comma.
_GROUP = "[ \u00a0\u202f\u2009]"
_NUMBER = re.compile(
    rf"(?<![^\W\d])(?<!\d)(?:\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)|\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:[.,]\d+(?!\d))?"
)
_QUOTED = r"[`«\"]([\w.:/@-]+)[`»\"]"
_QUEUE_BEFORE = re.compile(rf"(?i)\b(?:queues?|очеред\w*)\s+((?:{_QUOTED}(?:\s*,\s*|\s+(?:and|or|и|или)\s+)?)+)")
_QUEUE_AFTER = re.compile(rf"(?i){_QUOTED}\s+(?:queues?|очеред\w*)\b")
_SKIP = re.compile(
    r"```.*?(?:```|\Z)"  # code is checked by whoever runs it
    r"|`[^`\n]*`"
    r"|\[[\w./#-]+\]"  # references to evidence and sections
    r"|\w+://\S+"
    r"|^\s*(?:#+\s*)?\d+[.)]\s"  # list marks
    r"|\b(?i:step|option|шаг|вариант)\s+\d+\b"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?|\b\d{1,2}:\d\d(?::\d\d)?\b"  # dates, times
    r"|\b\d+(?:\.\d+){2,}\b|\b\d+\.x\b"  # versions
    r"|\b(?i:redis|valkey|celery|kombu|rabbitmq|kafka|python|kubernetes|sidekiq|dramatiq|huey|bullmq|node(?:\.js)?)"
    r" v?\d+(?:\.\d+)*\b"
    r"|\b[A-Z]{2,}[-/]\d+\b",  # SHA-256, UTF-8, HTTP/2
    re.S | re.M,
)
# Factors from what is measured (bytes, seconds, shares, per second) to the unit that stands right behind a number.
_UNITS: tuple[tuple[re.Pattern[str], tuple[float, ...]], ...] = tuple(
    (re.compile(rf"\s?(?:{pattern})", re.I), factors)
    for pattern, factors in (
        (r"%|percent|процент", (100.0,)),
        (r"(?:ki?b|ки?б)\b", (1 / 1024, 1e-3)),
        (r"(?:mi?b|ми?б)\b", (1 / 1024**2, 1e-6)),
        (r"(?:gi?b|ги?б)\b", (1 / 1024**3, 1e-9)),
        (r"(?:ms|мс|milli|милли)", (1e3,)),
        (r"(?:s|sec|seconds?|с|сек|секунд\w*)\b", (60.0, 3600.0, 1e-3)),
        (r"(?:min|minutes?|мин|минут\w*)\b", (1 / 60,)),
        (r"(?:h|hours?|ч|час\w*)\b", (1 / 3600,)),
        (r"(?:d|days?|дн|день|дня|дней|сут\w*)\b", (1 / 86_400,)),
        (r"(?:k|thousand|тыс\w*)\b", (1e-3,)),
        (r"(?:m|million|млн)\b", (1e-6,)),
    )
)
_RATES = tuple(
    (re.compile(rf"[^\d.;]{{0,40}}(?:\bper|\ba|/|\bв|\bза)\s?(?:{word})", re.I), factor)
    for word, factor in (("min|мин", 60.0), ("hour|h\\b|час", 3600.0), ("day|день|сутки", 86_400.0))
)


def unsupported(draft: str, documents: Iterable[Any], texts: Iterable[str]) -> list[str]:
    """Numbers and queue names of `draft` that nothing supports, as they stand there.

    Args:
        documents: tool results and whatever else the turn has read.
        texts: the question and earlier answers.
    """
    strings = list(texts)
    values: set[float] = set()
    for document in documents:
        _collect(document, values, strings)
    for text in strings:
        for match in _NUMBER.finditer(text):
            # digits that look grouped may be neighbours ("5 100"), so each group is known too
            values.update(readings(match.group()), map(float, re.findall(r"\d+", match.group())))
    known = sorted(values)
    prose = _SKIP.sub(lambda m: "\n" if "\n" in m.group() else " ", draft)
    wrong = [m.group() for m in _NUMBER.finditer(prose) if not _supported(m, known)]
    everything = "\n".join(strings)
    wrong += [name for name in queue_names(draft) if not _stands_in(name, everything)]
    return list(dict.fromkeys(wrong))


def readings(number: str) -> dict[float, float]:
    """Every value that the digits can mean, with what rounding to the digits shown leaves open.

    1,000 is 1000 or, in Russian, 1.000; 1 000 is 1000; 0,5 is 0.5.
    """
    bare = re.sub(_GROUP, "", number)
    found = [bare.replace(",", "")] if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", bare) else []
    if bare.count(",") <= 1:
        found.append(bare.replace(",", "."))
    exact = [text for text in found if re.fullmatch(r"\d+(?:\.\d+)?", text)]
    return {float(text): 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9 for text in exact}


def queue_names(draft: str) -> list[str]:
    """Names that the draft calls a queue: quoted or in code, beside the word."""
    names = [n for m in _QUEUE_BEFORE.finditer(draft) for n in re.findall(_QUOTED, m.group(1))]
    return names + _QUEUE_AFTER.findall(draft)


def _collect(node: Any, values: set[float], strings: list[str]) -> None:
    """Numbers and strings of a document. How many there are of something is a fact of it as well."""
    if isinstance(node, dict):
        for key, value in node.items():
            strings.append(str(key))
            _collect(value, values, strings)
    elif isinstance(node, list):
        values.add(float(len(node)))
        for value in node:
            _collect(value, values, strings)
    elif isinstance(node, str):
        strings.append(node)
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        values.add(abs(float(node)))


def _supported(match: re.Match[str], known: list[float]) -> bool:
    factors = list(_factors(match.string, match.end()))
    return any(
        _near(known, value / factor, slack / factor)
        for value, slack in readings(match.group()).items()
        for factor in factors
    )


def _factors(text: str, end: int) -> Iterator[float]:
    yield 1.0
    for pattern, factors in _UNITS:
        if pattern.match(text, end):
            yield from factors
    yield from (factor for pattern, factor in _RATES if pattern.match(text, end))


def _near(known: list[float], value: float, slack: float) -> bool:
    at = bisect_left(known, value - slack)
    return at < len(known) and known[at] <= value + slack


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
