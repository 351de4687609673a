"""The word lists that decide whether a word can be a name, read once from `words.toml`."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["target", "queue", "framework", "system"]

_LISTS = ("english", "double", "hyphenated", "setting_firsts", "setting_ends", "setting_owners", "setting_words")


@dataclass(frozen=True, slots=True)
class Words:
    """The word lists, all lower case."""

    english: frozenset[str]
    double: frozenset[str]
    hyphenated: frozenset[str]
    setting_firsts: frozenset[str]
    setting_ends: frozenset[str]
    setting_owners: frozenset[str]
    setting_words: frozenset[str]
    cues: Mapping[str, frozenset[str]]
    products: Mapping[str, tuple[Kind, str]]
    cyrillic: Mapping[str, str]


@functools.cache
def words() -> Words:
    """The word lists, read once from `words.toml`."""
    data = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    products: dict[str, tuple[Kind, str]] = {}
    kinds: tuple[tuple[Kind, str], ...] = (("framework", "frameworks"), ("system", "systems"))
    for kind, table in kinds:
        for name, spellings in data[table].items():
            products.update(dict.fromkeys(spellings.split(), (kind, name)))
    lists = {key: frozenset(data[key].split()) for key in _LISTS}
    cues = {name: frozenset(value.split()) for name, value in data["cues"].items()}
    return Words(cues=cues, products=products, cyrillic=data["cyrillic"], **lists)


def cue(name: str) -> frozenset[str]:
    """A list of signs that a word is used as a name."""
    return words().cues[name]


def is_setting(token: str) -> bool:
    """Whether an identifier is a setting's name («worker_prefetch_multiplier») rather than a queue's."""
    parts = re.split(r"[._-]", token.lower())
    lists = words()
    if len(parts) < 2:
        return False
    owned = parts[0] in lists.setting_owners and not lists.setting_words.isdisjoint(parts[1:])
    return owned or parts[0] in lists.setting_firsts or parts[-1] in lists.setting_ends
