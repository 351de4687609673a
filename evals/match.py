"""Compares what was expected with what came: objects as subsets, numbers as numbers, words in any case."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evals.case import Word

_RANGE = {"at_least", "at_most"}
# Thousands are written 10,000, 10 000 (plain, no-break or narrow no-break space) or 10000.
_THOUSANDS = re.compile(r"(?<=\d)[,\u0020\u00a0\u202f](?=\d{3}(?!\d))")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`|\[[\w./#-]+\]", re.S)
_CYRILLIC, _LATIN = re.compile(r"[а-яё]", re.I), re.compile(r"[a-z]", re.I)


def fits(expected: Any, actual: Any) -> bool:
    """Whether `actual` holds `expected`: objects as subsets, lists in any order, `{at_least, at_most}` as a range."""
    if isinstance(expected, Mapping):
        if expected and set(expected) <= _RANGE:
            return _within(expected, actual)
        return isinstance(actual, Mapping) and all(
            key in actual and fits(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(actual, (list, tuple)) and all(any(fits(one, it) for it in actual) for one in expected)
    return same(expected, actual)


def same(expected: Any, actual: Any) -> bool:
    """Equal, where 10 is 10.0 but True is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return float(expected) == float(actual)
    return bool(expected == actual)


def arguments_fit(expected: Mapping[str, Any], actual: Mapping[str, Any], allow: Sequence[str] | None) -> bool:
    """Whether a call carries the expected arguments, and no others than those in `allow` (None: any others).

    An argument that is None counts as not given. `"*"` for `query` matches any text.
    """
    given = {key: value for key, value in actual.items() if value is not None}
    wanted = {key: value for key, value in expected.items() if value is not None}
    if allow is not None and set(given) - set(wanted) - set(allow):
        return False
    if any(given.get(key) is not None for key, value in expected.items() if value is None):
        return False
    return all(_argument_fits(key, value, given.get(key)) for key, value in wanted.items())


def mentions(text: str, word: Word | Sequence[Word]) -> bool:
    """Whether a text holds the word, or any of several."""
    if isinstance(word, str):
        return word.casefold() in text.casefold()
    if isinstance(word, (int, float)):
        return float(word) in _numbers(text)
    return any(mentions(text, one) for one in word)


def speaks(text: str, lang: str) -> bool:
    """Whether prose is in the language. Names in code spans and references do not count; no letters, no objection."""
    prose = _CODE.sub(" ", text)
    cyrillic, latin = len(_CYRILLIC.findall(prose)), len(_LATIN.findall(prose))
    if not cyrillic + latin:
        return True
    share = cyrillic / (cyrillic + latin)
    # Russian prose keeps names such as Celery and Redis in Latin letters; English prose has no reason for Cyrillic.
    return share > 0.5 if lang == "ru" else share < 0.05


def _argument_fits(key: str, expected: Any, actual: Any) -> bool:
    if key == "query" and expected == "*":
        return isinstance(actual, str) and bool(actual.strip())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and fits(expected, actual)
    return fits(expected, actual)


def _within(bounds: Mapping[str, Any], actual: Any) -> bool:
    if isinstance(actual, bool) or not isinstance(actual, (int, float)):
        return False
    return bool(bounds.get("at_least", actual) <= actual <= bounds.get("at_most", actual))


def _numbers(text: str) -> set[float]:
    joined = _THOUSANDS.sub("", text)
    found = re.findall(r"\d+(?:\.\d+)?", joined) + re.findall(r"\d+\.\d+", _DECIMAL_COMMA.sub(".", joined))
    return {float(number) for number in found}
