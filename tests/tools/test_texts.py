"""Both languages say the same things, and numbers read as people write them."""

from __future__ import annotations

import re
import string

import pytest

from tools import errors, texts
from tools.errors import QueuewrightError
from tools.texts import LANGUAGES, TOOLS, Catalogue

CATALOGUES = [TOOLS, Catalogue("agent.texts")]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda c: c.package)
def test_keys_and_placeholders_are_equal_in_both_languages(catalogue: Catalogue) -> None:
    en, ru = (catalogue.texts(lang) for lang in LANGUAGES)
    assert en.keys() == ru.keys()
    different = [key for key in en if _placeholders(en[key]) != _placeholders(ru[key])]
    assert different == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda c: c.package)
def test_russian_texts_are_russian(catalogue: Catalogue) -> None:
    ru, en = catalogue.texts("ru"), catalogue.texts("en")
    same = [key for key, text in ru.items() if text == en[key] and re.search(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", text)]
    assert same == []


def test_every_error_code_has_its_sentence() -> None:
    def leaves(kind: type[QueuewrightError]) -> list[type[QueuewrightError]]:
        return [kind, *(leaf for sub in kind.__subclasses__() for leaf in leaves(sub))]

    codes = {kind.code for kind in leaves(QueuewrightError)}
    missing = [code for code in codes if f"error.{code}.message" not in TOOLS.texts("en")]
    assert missing == []
    assert set(errors.__all__) >= {
        kind.__name__ for kind in leaves(QueuewrightError) if kind.__module__ == "tools.errors"
    }


@pytest.mark.parametrize(
    ("lang", "spec", "value", "expected"),
    [
        ("en", "n", 1234567, "1,234,567"),
        ("ru", "n", 1234.5, "1 234,5"),
        ("en", "b", 1536 * 1024, "1.5 MiB"),
        ("ru", "b", 1536 * 1024, "1,5 МиБ"),
        ("en", "t", 90, "90 s"),
        ("ru", "t", 7200, "2 ч"),
        ("en", "p queue|queues", 1, "queue"),
        ("ru", "p очередь|очереди|очередей", 1, "очередь"),
        ("ru", "p очередь|очереди|очередей", 22, "очереди"),
        ("ru", "p очередь|очереди|очередей", 111, "очередей"),
    ],
)
def test_values_are_written_for_people(lang: str, spec: str, value: float, expected: str) -> None:
    formatter = texts._FORMATTERS[lang]
    assert formatter.format(f"{{x:{spec}}}", x=value).replace("\u202f", " ").replace("\xa0", " ") == expected


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_error_renders_with_the_facts_it_is_raised_with() -> None:
    # Given facts whose names are also parameter names
    error = errors.BadArguments("config_value", path="q.toml", key="model.name", detail="wrong")
    # Then they are placeholders, not arguments
    assert "model.name" in texts.error_texts("en", error)[0]
