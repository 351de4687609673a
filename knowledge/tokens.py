"""Turns text into the terms that lexical ranking compares: stems, whole identifiers and their parts.

``worker_prefetch_multiplier`` must be found by its name and by «prefetch», and «задачи» by «задач». Stems come from
the English and Russian Snowball algorithms by the script of the word; identifiers also stay whole.
"""

import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

__all__ = ["LEXICON_FILE", "stem", "synonyms", "terms"]

LEXICON_FILE = Path(__file__).with_name("lexicon.toml")

_WORD = re.compile(r"[^\W_]+(?:[_.\-:/][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_NOISE = re.compile(r"\d{1,2}|[^\W\d_]")  # one letter or a small number says nothing
_CYRILLIC = re.compile(r"[а-я]")
_stemming = Lock()  # the stemmers keep their state in themselves


@functools.cache
def _lexicon() -> dict[str, Any]:
    return tomllib.loads(LEXICON_FILE.read_text(encoding="utf-8"))


@functools.cache
def _stop_words() -> frozenset[str]:
    return frozenset(_normalise(word) for words in _lexicon()["stop"].values() for word in words.split())


def synonyms() -> dict[str, list[str]]:
    """For each stem of the lexicon the other stems of its groups, sorted."""
    found: dict[str, set[str]] = {}
    for group in _lexicon()["synonyms"]["groups"]:
        stems = {stem(_normalise(word)) for word in group.split()}
        for one in stems:
            found.setdefault(one, set()).update(stems - {one})
    return {one: sorted(others) for one, others in found.items()}


def terms(text: str) -> Iterator[str]:
    """Yield the terms of a text in order; stop words, single letters and numbers below 100 are left out."""
    stop = _stop_words()
    for match in _WORD.finditer(text):
        word = match[0]
        whole = _normalise(word)
        if whole in stop:
            continue
        parts = [part for piece in _PART.findall(word) for part in _HUMP.split(piece)]
        if len(parts) > 1:
            yield whole
        for part in parts:
            lowered = _normalise(part)
            if lowered not in stop and not _NOISE.fullmatch(lowered):
                yield stem(lowered)


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Stem of one lower-case word; words with digits or hyphens inside stay as they are."""
    if not word.isalpha():
        return word
    with _stemming:
        return str(_stemmer("russian" if _CYRILLIC.search(word) else "english").stemWord(word))


@functools.cache
def _stemmer(language: str) -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer(language)


def _normalise(word: str) -> str:
    return word.lower().replace("ё", "е")
