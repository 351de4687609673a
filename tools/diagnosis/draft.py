"""What a rule gives: a finding, or the reason why nothing can be said, both before they have a language."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.contract import At, Confidence, Evidence, Severity
from tools.diagnosis.facts import Facts


@dataclass(frozen=True)
class Step:
    """A remedy: catalogue key `remedy.<key>` with its facts, and a command to paste or a tool call that does it."""

    key: str
    facts: Mapping[str, object] = field(default_factory=dict)
    command: str | None = None
    tool: str | None = None
    args: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Draft:
    """A finding before it has a language.

    Attributes:
        text: which sentence of the cause says it: `cause.<cause>.<text>`.
        facts: the sentence's placeholders.
        knowledge: sections beyond the cause's own article.
    """

    cause: str
    severity: Severity
    confidence: Confidence
    at: At
    facts: Mapping[str, object] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Step, ...] = ()
    text: str = "summary"
    knowledge: tuple[str, ...] = ()


@dataclass(frozen=True)
class Doubt:
    """A cause that can neither be found nor ruled out, and why: `check.unknown.<key>` with its facts.

    Attributes:
        needed: whether the target cannot be called healthy without knowing.
    """

    cause: str
    at: At
    key: str
    facts: Mapping[str, object] = field(default_factory=dict)
    needed: bool = True


Outcome = Draft | Doubt


@dataclass(frozen=True)
class Rule:
    """A pure function from facts to outcomes, and the causes that it looks at."""

    causes: tuple[str, ...]
    apply: Callable[[Facts], Iterable[Outcome]]


def quoted(name: str) -> str:
    """A name from the broker as one word of a command that a person may paste into a shell."""
    return shlex.quote(name)
