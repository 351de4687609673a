"""Both languages say the same things, and the prompts fit their budget."""

from __future__ import annotations

import string
from importlib.resources import files

import pytest

from agent.embedded.texts import BRAIN
from tools.causes import CAUSES

PROMPT_TOKENS = 1_200


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys() -> None:
    assert BRAIN.texts("en").keys() == BRAIN.texts("ru").keys()


def test_every_sentence_has_the_same_placeholders_in_both_languages() -> None:
    english, russian = BRAIN.texts("en"), BRAIN.texts("ru")

    assert {k for k in english if placeholders(english[k]) != placeholders(russian[k])} == set()


def test_every_cause_has_words_in_both_languages() -> None:
    assert {f"cause.{cause}" for cause in CAUSES} <= BRAIN.texts("ru").keys()


def test_sentences_hold_no_number_of_their_own() -> None:
    for lang in ("en", "ru"):
        for key, text in BRAIN.texts(lang).items():
            prose = "".join(text.split("`")[::2])
            assert not any(c.isdigit() for c in prose), f"{lang} {key}"


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_expertise_prompt_fits_and_keeps_its_rules(lang: str) -> None:
    prompt = files("agent.prompts").joinpath(f"expertise.{lang}.md").read_text(encoding="utf-8")

    assert len(prompt) / 4 < PROMPT_TOKENS
    for kept in (
        "[e3]",
        "[troubleshooting/no-consumers#cure]",
        "<untrusted source=",
        "--target NAME=URL",
        "`noeviction`",
    ):
        assert kept in prompt
