"""Slow steps, told on stderr."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.surfaces.cli.language import say
from agent.surfaces.cli.output import note

if TYPE_CHECKING:
    from knowledge.search import Knowledge
    from tools.config import Config

_STEP = 25


def index_progress(lang: str) -> Callable[[int, int], None]:
    """For a build of the index: a line every quarter."""
    told = -1

    def told_at(done: int, total: int) -> None:
        nonlocal told
        percent = 100 * done // max(total, 1)
        if percent // _STEP > told:
            told = percent // _STEP
            note(say(lang, "progress_index", percent=percent))

    return told_at


def knowledge_opener(config: Config, lang: str, *, rebuild: bool = False) -> Callable[[], Knowledge]:
    """Opens the knowledge base, and says so when that means building it.

    The function raises `CommandFailed` when it cannot be opened.
    """

    def opened() -> Knowledge:
        from agent.surfaces.cli.boundary import CommandFailed
        from knowledge.index import EmptyBase
        from tools.runner import open_knowledge

        try:
            base = open_knowledge(config, index_progress(lang), rebuild=rebuild)
        except (EmptyBase, OSError) as error:
            raise CommandFailed("internal", say(lang, "error.no_knowledge", detail=error)) from error
        for line in base.info.notices:
            note(line)
        return base

    return opened
