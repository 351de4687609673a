"""What every check gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from agent.surfaces.cli.language import say

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `fix` says what to do when it is not ok."""

    name: str
    status: Status
    detail: str
    fix: str | None = None

    def document(self) -> dict[str, Any]:
        """As in `doctor --json`."""
        return asdict(self)


class Reporter:
    """Makes the checks of one name in one language: sentences are `cli.doctor.<topic>.<key>`."""

    def __init__(self, lang: str, name: str, topic: str | None = None) -> None:
        self._lang = lang
        self._name = name
        self._topic = topic or name

    def ok(self, key: str, **facts: object) -> Check:
        """It is as it should be."""
        return Check(self._name, "ok", self._say(key, facts))

    def warn(self, key: str, fix: str, **facts: object) -> Check:
        """It works, and yet."""
        return Check(self._name, "warn", self._say(key, facts), self._say(fix, facts))

    def fail(self, key: str, fix: str, **facts: object) -> Check:
        """It does not work."""
        return Check(self._name, "fail", self._say(key, facts), self._say(fix, facts))

    def failed(self, detail: str, fix: str | None) -> Check:
        """It does not work, in words that somebody else has found."""
        return Check(self._name, "fail", detail, fix)

    def _say(self, key: str, facts: dict[str, object]) -> str:
        return say(self._lang, f"doctor.{self._topic}.{key}", **facts)
