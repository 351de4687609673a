"""Readings into sentences of a language, for every tool that reports them."""

from __future__ import annotations

from tools import texts
from tools.contract import At, Notice, UnknownValue
from tools.errors import QueuewrightError
from tools.reading import Gap, TargetReading


def unknown_of(lang: str, reading: TargetReading) -> list[UnknownValue]:
    """What could not be read, with reasons; a target that failed is one entry of its own."""
    gaps = [*(reading.broker.gaps if reading.broker else []), *(g for f in reading.frameworks for g in f.gaps)]
    found = [rendered_gap(lang, gap) for gap in gaps]
    if reading.error is not None:
        message, hint = texts.error_texts(lang, reading.error)
        found.insert(0, UnknownValue(at=At(target=reading.target.name), field="target", reason=message, enable=hint))
    return found


def rendered_gap(lang: str, gap: Gap) -> UnknownValue:
    """One unknown value: `unknown.<key>.reason` and `.enable`."""
    key = f"unknown.{gap.text.key}"
    return UnknownValue(
        at=gap.at,
        field=gap.field,
        reason=texts.render(lang, f"{key}.reason", **gap.text.facts),
        enable=texts.maybe(lang, f"{key}.enable", **gap.text.facts),
    )


def error_text(lang: str, error: QueuewrightError) -> str:
    """The error's message alone."""
    return texts.error_texts(lang, error)[0]


def notices_of(lang: str, reading: TargetReading) -> list[Notice]:
    """What the reader should know: `notice.<key>`."""
    found = [*(reading.broker.notices if reading.broker else []), *(n for f in reading.frameworks for n in f.notices)]
    return [Notice(code=n.key, text=texts.render(lang, f"notice.{n.key}", **n.facts)) for n in found]
