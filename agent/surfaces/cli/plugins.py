"""Commands that other packages bring (`eval`): `NAME = MODULE` in the group `queuewright.commands` of our distribution.

The metadata is read here by hand, since importing `importlib.metadata` takes five times as long as a bare Python, and
`queuewright --help` is to come at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

_GROUP = "queuewright.commands"
_DISTRIBUTION = "queuewright"


def commands() -> dict[str, str]:
    """Dotted module names by command."""
    folder = _metadata_folder()
    if folder is None:
        return {}
    try:
        return _section((folder / "entry_points.txt").read_text(encoding="utf-8").splitlines(), _GROUP)
    except OSError:
        return {}


def version() -> str:
    """Of the installed distribution; `(not installed)` in a bare checkout."""
    folder = _metadata_folder()
    return folder.stem.removeprefix(f"{_DISTRIBUTION}-") if folder else "(not installed)"


def _metadata_folder() -> Path | None:
    """The first on the path, as the import system would have it."""
    found = (folder for entry in sys.path for folder in Path(entry).glob(f"{_DISTRIBUTION}-*.dist-info"))
    return next(found, None)


def _section(lines: list[str], wanted: str) -> dict[str, str]:
    """The `key = value` lines under `[wanted]`."""
    found: dict[str, str] = {}
    inside = False
    for line in lines:
        text = line.strip()
        if text.startswith("["):
            inside = text == f"[{wanted}]"
        elif inside and "=" in text:
            name, _, value = text.partition("=")
            found[name.strip()] = value.strip()
    return found
