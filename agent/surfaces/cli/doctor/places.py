"""What is on disk: configuration, state, cache and the knowledge index."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent.surfaces.cli.boundary import CommandFailed
from agent.surfaces.cli.doctor.check import Check, Reporter
from agent.surfaces.cli.progress import knowledge_opener

if TYPE_CHECKING:
    from tools.config import Config

_OTHERS = 0o077


def configuration(lang: str, config: Config) -> Check:
    """Which files were read."""
    report = Reporter(lang, "configuration")
    return report.ok("fine", sources=", ".join(config.sources)) if config.sources else report.ok("none")


def folder(lang: str, name: str, path: Path) -> Check:
    """State or cache: writable by us, readable by nobody else."""
    report = Reporter(lang, name, "folder")
    if not path.exists():
        nearest = next(parent for parent in path.parents if parent.exists())
        if not os.access(nearest, os.W_OK | os.X_OK):
            return report.fail("unwritable", "unwritable_fix", path=nearest)
        return report.ok("absent", path=path)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        return report.fail("unwritable", "unwritable_fix", path=path)
    exposed = next((p for p in (path, *path.iterdir()) if p.stat().st_mode & _OTHERS), None)
    if exposed is not None and name == "state":
        return report.warn("open", "open_fix", path=exposed, mode=_mode(exposed))
    return report.ok("fine", path=path, mode=_mode(path))


def index(lang: str, config: Config) -> Check:
    """Whether it is there and answers. One that is damaged is rebuilt by being opened."""
    report = Reporter(lang, "index")
    built = config.cache_dir / "index"
    if not built.is_dir() or not any(built.iterdir()):
        return report.warn("absent", "absent_fix")
    try:
        with knowledge_opener(config, lang)() as base:
            base.search("queue", k=1)
            info = base.info
    except CommandFailed as error:
        return report.fail("failed", "failed_fix", detail=error.message)
    facts = {"sections": info.sections, "embedder": info.embedder, "path": info.path}
    return report.ok("rebuilt" if info.rebuilt else "fine", **facts)


def _mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"
