"""What is installed: Python, packages, extras, and whether our general package names mean ours."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import agent
from agent.surfaces.cli.doctor.check import Check, Reporter

if TYPE_CHECKING:
    from packaging.requirements import Requirement

OLDEST_PYTHON = (3, 11)
OUR_PACKAGES = ("agent", "tools", "knowledge", "evals")
ROOT = Path(agent.__file__).resolve().parent.parent
# Of no use to somebody who runs the program.
_FOR_DEVELOPERS = {"dev"}


def python(lang: str) -> Check:
    """The interpreter's version."""
    report = Reporter(lang, "python")
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return report.fail("old", "fix", version=version)
    return report.ok("fine", version=version)


def packages(lang: str) -> Check:
    """What the core needs, in the versions that it wants."""
    report = Reporter(lang, "packages")
    needed = [found for found in requirements() if not found.marker or found.marker.evaluate({"extra": ""})]
    if not needed:
        return report.warn("undeclared", "fix")
    wrong = [f"{wanted.name}{wanted.specifier}" for wanted in needed if not _satisfied(wanted)]
    if wrong:
        return report.fail("missing", "fix", names=", ".join(sorted(wrong)))
    return report.ok("fine", count=len(needed))


def extras(lang: str) -> Check:
    """Which optional parts are there; none of them has to be."""
    report = Reporter(lang, "extras")
    wanted: dict[str, list[Requirement]] = {}
    for found in requirements():
        for extra in _extras() - _FOR_DEVELOPERS:
            if found.marker and not found.marker.evaluate({"extra": ""}) and found.marker.evaluate({"extra": extra}):
                wanted.setdefault(extra, []).append(found)
    installed = {extra for extra, needed in wanted.items() if all(_satisfied(one) for one in needed)}
    none = say_none(lang)
    shown = {
        "installed": ", ".join(sorted(installed)) or none,
        "missing": ", ".join(sorted(set(wanted) - installed)) or none,
    }
    return report.ok("fine", **shown)


def imports(lang: str) -> Check:
    """`agent`, `tools`, … are general names: others of that name may stand on the path, or even have been loaded."""
    report = Reporter(lang, "imports")
    loaded = [file for name in OUR_PACKAGES if (file := _loaded_from(name)) and not file.is_relative_to(ROOT)]
    if loaded:
        return report.fail("loaded", "fix", paths=", ".join(map(str, loaded)))
    folders = {Path(entry or ".").resolve() for entry in sys.path} - {ROOT}
    foreign = [folder / name for folder in sorted(folders) for name in OUR_PACKAGES if _is_module(folder / name)]
    if foreign:
        return report.warn("foreign", "fix", paths=", ".join(map(str, foreign)))
    return report.ok("fine")


def requirements() -> list[Requirement]:
    """Declared by the installed distribution, else by the checkout."""
    from packaging.requirements import Requirement

    try:
        return [Requirement(line) for line in metadata.requires("queuewright") or []]
    except metadata.PackageNotFoundError:
        return [Requirement(line) for line in _of_checkout()]


def say_none(lang: str) -> str:
    """The word for an empty list."""
    from agent.surfaces.cli.language import say

    return say(lang, "doctor.extras.none")


def _of_checkout() -> list[str]:
    import tomllib

    file = ROOT / "pyproject.toml"
    if not file.is_file():
        return []
    project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {}).items()
    marked = [f"{line}; extra == '{extra}'" for extra, lines in optional for line in lines]
    return [*project["dependencies"], *marked]


def _extras() -> set[str]:
    import re

    markers = " ".join(str(found.marker) for found in requirements() if found.marker)
    return set(re.findall(r"extra == [\"']([\w-]+)[\"']", markers))


def _satisfied(wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def _loaded_from(name: str) -> Path | None:
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None


def _is_module(path: Path) -> bool:
    return (path / "__init__.py").is_file() or path.with_suffix(".py").is_file()
