"""The catalogue of every sentence that tools produce: key and typed facts in, text of one language out.

Format specifications beyond Python's own: `{x:n}` a number with the language's separators, `{x:b}` bytes for people,
`{x:t}` seconds for people, `{x:p queue|queues}` the word that fits the number (three forms in Russian).
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from tools.errors import QueuewrightError

LANGUAGES = ("en", "ru")


class Catalogue:
    """The texts of one package: `en.toml` and `ru.toml` beside its `__init__.py`.

    Args:
        parts: packages whose folders may each hold texts of their own, such as those of one system.
    """

    def __init__(self, package: str, *parts: str) -> None:
        self.package = package
        self.parts = parts

    @cache  # noqa: B019 - catalogues live as long as the process
    def texts(self, lang: str) -> dict[str, str]:
        """All texts of a language, keys flattened with dots."""
        folders = [files(self.package), *(folder for part in self.parts for folder in files(part).iterdir())]
        found: dict[str, str] = {}
        for file in (folder.joinpath(f"{lang}.toml") for folder in folders if folder.is_dir()):
            if file.is_file():
                found |= _flat("", tomllib.loads(file.read_text(encoding="utf-8")))
        return found

    def render(self, lang: str, key: str, /, **facts: object) -> str:
        """The sentence of that key. An unknown key is a defect and raises KeyError."""
        return _FORMATTERS[lang].vformat(self.texts(lang)[key], (), facts)

    def maybe(self, lang: str, key: str, /, **facts: object) -> str | None:
        """The sentence, or None where the catalogue has none."""
        return self.render(lang, key, **facts) if key in self.texts(lang) else None


TOOLS = Catalogue("tools.texts", "tools.brokers", "tools.frameworks")


def render(lang: str, key: str, /, **facts: object) -> str:
    """The tools' sentence of that key."""
    return TOOLS.render(lang, key, **facts)


def maybe(lang: str, key: str, /, **facts: object) -> str | None:
    """The tools' sentence, or None where there is none."""
    return TOOLS.maybe(lang, key, **facts)


def error_texts(lang: str, error: QueuewrightError, /) -> tuple[str, str | None]:
    """Message and hint of an error."""
    message = render(lang, f"error.{error.text}.message", **error.facts)
    return message, maybe(lang, f"error.{error.text}.hint", **error.facts)


def number(lang: str, value: float) -> str:
    """1,234.5 in English, 1 234,5 in Russian; at most two decimals."""
    text = f"{round(value, 2):,.2f}".rstrip("0").rstrip(".") if value % 1 else f"{int(value):,}"
    return text if lang == "en" else text.replace(",", " ").replace(".", ",")


def plural(lang: str, value: float, forms: list[str]) -> str:
    """The form that agrees with the number: two forms in English, three in Russian (1, 2-4, 5-20)."""
    whole = abs(int(value))
    if lang == "en":
        return forms[0] if whole == 1 and value % 1 == 0 else forms[-1]
    if value % 1:
        return forms[1]
    if whole % 10 == 1 and whole % 100 != 11:
        return forms[0]
    return forms[1] if whole % 10 in {2, 3, 4} and whole % 100 not in {12, 13, 14} else forms[-1]


def _flat(prefix: str, node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            yield from _flat(path, value)
        else:
            yield path, value


_BYTE_UNITS = {"en": ("B", "KiB", "MiB", "GiB", "TiB"), "ru": ("Б", "КиБ", "МиБ", "ГиБ", "ТиБ")}
_TIME_UNITS = {"en": ("s", "min", "h", "d"), "ru": ("с", "мин", "ч", "дн.")}


def _bytes(lang: str, value: float) -> str:
    unit = 0
    while value >= 1024 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{number(lang, round(value, 1))} {_BYTE_UNITS[lang][unit]}"


def _seconds(lang: str, value: float) -> str:
    units = _TIME_UNITS[lang]
    for size, unit in ((86_400, units[3]), (3_600, units[2]), (60, units[1])):
        if value >= 2 * size:
            return f"{number(lang, round(value / size, 1))} {unit}"
    return f"{number(lang, round(value, 1))} {units[0]}"


class _Formatter(string.Formatter):
    def __init__(self, lang: str) -> None:
        self.lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return "?"
        if format_spec == "n":
            return number(self.lang, value)
        if format_spec == "b":
            return _bytes(self.lang, value)
        if format_spec == "t":
            return _seconds(self.lang, value)
        if format_spec.startswith("p "):
            return plural(self.lang, value, format_spec[2:].split("|"))
        return str(format(value, format_spec))


_FORMATTERS = {lang: _Formatter(lang) for lang in LANGUAGES}
