"""Which language a question is asked in, so that the answer comes back in the same one.

Engineers mix languages: «Почему celery worker не читает prefetch_multiplier?» is Russian although most of its
letters are Latin. Names of code and of products therefore carry no evidence, and Latin words count only when the
question also has the small words that make an English sentence.
"""

import re
from typing import Literal

__all__ = ["LANGUAGES", "Language", "detect_language"]

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = ("en", "ru")

_CODE = re.compile(r"```.*?```|`[^`]*`|\b[a-z][a-z0-9+.]*://\S+", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[._:/@=-]+[^\W_]+)*", re.UNICODE)
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?:'[a-z]+)?|[А-ЯЁ]?[а-яё]+(?:-[а-яё]+)*|[А-ЯЁ]+")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")

# Function words: present in nearly every English sentence, absent from a Russian one that names products.
_ENGLISH_WORDS = """
a about am an and any are as at be been but by can cannot could did do does for from get had has have how i if in into
is it its me my no not of on or our please should show so tell than that the their them there these they this to was we
were what when where which who why will with would you your
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
# Below this share of Cyrillic letters an English sentence only quotes a Russian word.
_RUSSIAN_SHARE = 0.5


def detect_language(text: str) -> Language:
    """Return ``ru`` or ``en`` for a question; text without any letter counts as English."""
    prose = _CODE.sub(" ", text)
    words = [word for word in _WORD.findall(prose) if _PLAIN.fullmatch(word)]
    cyrillic = sum(len(word) for word in words if _CYRILLIC.search(word))
    latin = sum(len(word) for word in words) - cyrillic
    if not cyrillic:
        # «`поиск`» or an upper-case Latin name alone: fall back to every letter there is.
        return "ru" if not latin and _CYRILLIC.search(text) else "en"
    if not any(word.lower() in _ENGLISH for word in words):
        return "ru"
    return "ru" if cyrillic / (cyrillic + latin) >= _RUSSIAN_SHARE else "en"
