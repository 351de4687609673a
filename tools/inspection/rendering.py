"""Readings into sentences of the call's language."""

from __future__ import annotations

from tools import texts
from tools.contract import Context, Notice, UnknownValue
from tools.reading import Gap, TargetReading


def unknown_of(ctx: Context, reading: TargetReading) -> list[UnknownValue]:
    """What could not be read, with reasons."""
    gaps = [*(reading.broker.gaps if reading.broker else []), *(g for f in reading.frameworks for g in f.gaps)]
    return [rendered_gap(ctx.lang, gap) for gap in gaps]


def rendered_gap(lang: str, gap: Gap) -> UnknownValue:
    """One unknown value: `unknown.<key>.reason` and `.enable`."""
    key = f"unknown.{gap.text.key}"
    return UnknownValue(
        at=gap.at,
        field=gap.field,
        reason=texts.render(lang, f"{key}.reason", **gap.text.facts),
        enable=texts.maybe(lang, f"{key}.enable", **gap.text.facts),
    )


def notices_of(ctx: Context, reading: TargetReading) -> list[Notice]:
    """What the reader should know: `notice.<key>`."""
    found = [*(reading.broker.notices if reading.broker else []), *(n for f in reading.frameworks for n in f.notices)]
    return [Notice(code=n.key, text=texts.render(ctx.lang, f"notice.{n.key}", **n.facts)) for n in found]
