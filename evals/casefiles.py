"""Finds and reads case files. An error names the file, the case and the field, and never quotes a case's text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from evals.case import FILE_TYPES, AnyCase, CaseFile, Half

CASES_DIR = Path(__file__).with_name("cases")
SUITES = tuple(FILE_TYPES)


class CaseError(Exception):
    """A case file cannot be used, or a suite does not exist."""


@dataclass(frozen=True)
class Filed:
    """A case and the file's words on it."""

    suite: str
    half: Half | None
    case: AnyCase


def load_cases(suites: Sequence[str] = (), *, folder: Path = CASES_DIR) -> list[Filed]:
    """The cases of the named suites (all when none is named), in the order of files and lines.

    Raises:
        CaseError: an unknown suite, a file that does not fit its schema, or an id used twice in a suite.
    """
    if unknown := [name for name in suites if name not in SUITES]:
        raise CaseError(f"no suite {', '.join(map(repr, unknown))}; there are {', '.join(SUITES)}")
    found: list[Filed] = []
    for suite in suites or SUITES:
        for path in sorted((folder / suite).glob("*.yaml")):
            document = load_file(path, suite)
            found += [Filed(suite, document.half, case) for case in document.cases]
    _assert_unique(found)
    return found


def load_file(path: Path, suite: str) -> CaseFile:
    """One file of a suite.

    Raises:
        CaseError: names file, case and field.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise CaseError(f"{path.name}{where}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path.name}: unreadable: {type(error).__name__}") from None
    if not isinstance(document, dict) or document.get("suite") != suite:
        raise CaseError(f"{path.name}: suite: must be {suite!r}, the folder that the file lies in")
    try:
        return FILE_TYPES[suite].model_validate(document)
    except ValidationError as error:
        problems = [_problem(document, e) for e in error.errors(include_input=False, include_url=False)]
        raise CaseError("; ".join(f"{path.name}: {problem}" for problem in problems[:10])) from None


def _problem(document: dict[str, Any], error: Any) -> str:
    parts = [str(part) for part in error["loc"]]
    if parts[:1] != ["cases"] or len(parts) < 2:
        return f"{'.'.join(parts)}: {error['msg']}"
    position = int(parts[1])
    raw = document["cases"][position]
    name = raw.get("id") if isinstance(raw, dict) else None
    field = ".".join(parts[2:]) or "-"
    return f"case {name or f'#{position + 1}'}: {field}: {error['msg']}"


def _assert_unique(found: list[Filed]) -> None:
    counts = Counter((f.suite, f.case.id) for f in found)
    if twice := [f"{suite}: {name}" for (suite, name), count in counts.items() if count > 1]:
        raise CaseError(f"id used twice: {', '.join(twice[:10])}")
