"""`doctor`: what is set up, reachable, missing, and how to fix it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.surfaces.cli.doctor.check import Check

HELP = "check the installation, the model and the targets"
EXAMPLES = """  queuewright doctor
  queuewright doctor --target main=redis://localhost:6379/0 --json
"""
_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
_STYLES = {"ok": "32", "warn": "33", "fail": "31;1"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """1 when a configured target cannot be reached, or anything else fails."""
    from agent.surfaces.cli.boundary import run_async
    from agent.surfaces.cli.language import chrome_language, say
    from agent.surfaces.cli.output import print_json, print_line

    checks = run_async(lambda: _checks(args))
    failed = sum(check.status == "fail" for check in checks)
    if args.json:
        print_json({"ok": not failed, "checks": [check.document() for check in checks]})
        return int(failed > 0)
    lang = chrome_language(args)
    for check in checks:
        print_line(_line(check))
        if check.fix:
            print_line(f"        {say(lang, 'doctor.fix', fix=check.fix)}")
    print_line()
    print_line(say(lang, "doctor.failed", count=failed) if failed else say(lang, "doctor.ok"))
    return int(failed > 0)


async def _checks(args: argparse.Namespace) -> list[Check]:
    from agent.surfaces.cli.boundary import configured, failure_of
    from agent.surfaces.cli.doctor import machine, places, remote
    from agent.surfaces.cli.doctor.check import Reporter
    from agent.surfaces.cli.language import chrome_language
    from tools.errors import BadArguments

    lang = chrome_language(args)
    checks = [machine.python(lang), machine.packages(lang), machine.extras(lang), machine.imports(lang)]
    try:
        config = configured(args)
    except BadArguments as error:
        # Elsewhere a wrong configuration is a wrong input; here it is what was asked about.
        failure = failure_of(error, args)
        return [*checks, Reporter(lang, "configuration").failed(failure.message, failure.hint)]
    checks += [
        places.configuration(lang, config),
        places.folder(lang, "state", config.state_dir),
        places.folder(lang, "cache", config.cache_dir),
        places.index(lang, config),
    ]
    return [*checks, await remote.model(lang, config.model), *await remote.targets(lang, config)]


def _line(check: Check) -> str:
    import os

    from agent.surfaces.cli.output import on_terminal

    mark = _MARKS[check.status]
    if on_terminal() and not os.environ.get("NO_COLOR"):
        mark = f"\x1b[{_STYLES[check.status]}m{mark}\x1b[0m"
    return f"{mark}  {check.name}: {check.detail}"
