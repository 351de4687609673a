"""Parses the command line and hands over to one command. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

DESCRIPTION = "Finds out what is wrong with queues and workers, with evidence. Поймёт и по-русски."
EPILOG = """examples:
  queuewright ask "How do I keep one slow task from blocking the others?"
  queuewright --target main=redis://localhost:6379/0 ask "Why is my queue backing up?"
  queuewright --target main=redis://localhost:6379/0 chat
  queuewright call diagnose '{"target": "main"}' --target main=redis://localhost:6379/0
"""
COMMANDS = ("chat", "ask", "search", "tools", "call", "index", "doctor")
_PACKAGE = "agent.surfaces.cli.commands"
# Commands that other packages bring (`eval`): `name = module` in this group of our own distribution.
_GROUP = "queuewright.commands"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, on stdout as a document where `--json` was asked for; exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Ends the process with code 2."""
        from agent.surfaces.cli.output import failure_document, print_json

        if "--json" in sys.argv:
            print_json(failure_document("bad_arguments", message, f"{self.prog} --help"))
        sys.stderr.write(f"{self.prog}: {message} (see {self.prog} --help)\n")
        raise SystemExit(2)


def run(arguments: Sequence[str]) -> int:
    """Runs one command; the exit code."""
    parser, commands = build_parser(arguments)
    args = parser.parse_args(arguments)
    if args.command is None:
        parser.print_help()
        return 0
    from agent.surfaces.cli.boundary import guarded

    return guarded(commands[args.command], with_defaults(args))


def build_parser(arguments: Sequence[str]) -> tuple[Parser, dict[str, ModuleType]]:
    """The parser, and the module of each command that it knows."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _global_options(common)
    parser = Parser(
        prog="queuewright",
        description=DESCRIPTION,
        epilog=EPILOG,
        parents=[common],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    commands = {name: import_module(f"{_PACKAGE}.{name}") for name in COMMANDS} | _plugins()
    for name, module in commands.items():
        sub = subparsers.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog=f"examples:\n{module.EXAMPLES}",
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.arguments(sub)
    if "--version" in arguments:
        _print_version()
    return parser, commands


def with_defaults(args: argparse.Namespace) -> argparse.Namespace:
    """Global options that were not given; they have no parser default, so that either place may set them."""
    for name, value in (("config", None), ("target", []), ("model", None), ("lang", None), ("verbose", False)):
        if not hasattr(args, name):
            setattr(args, name, value)
    if not hasattr(args, "json"):
        args.json = False
    return args


def _global_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("global options (before or after the command)")
    group.add_argument(
        "--config", metavar="FILE", help="configuration file (default: ./queuewright.toml, then the user's)"
    )
    group.add_argument(
        "--target",
        metavar="NAME=URL",
        action=_Append,
        help="add a target, e.g. main=redis://localhost:6379/0; repeatable",
    )
    group.add_argument("--model", metavar="NAME", help="`embedded`, or a model of the OpenAI-compatible endpoint")
    group.add_argument("--lang", choices=("en", "ru"), help="language of answers (default: that of the question)")
    group.add_argument("--verbose", action="store_true", help="say on stderr what is being done")


class _Append(argparse.Action):
    """Collects targets given before and after the subcommand into one list."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        # argparse parses a subcommand into a namespace of its own and copies it over: keep one shared list.
        _TARGETS.append(str(values))
        setattr(namespace, self.dest, _TARGETS)


_TARGETS: list[str] = []


def _plugins() -> dict[str, ModuleType]:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("queuewright").entry_points
    except PackageNotFoundError:
        return {}
    return {point.name: point.load() for point in found if point.group == _GROUP}


def _print_version() -> NoReturn:
    from importlib.metadata import version

    print(f"queuewright {version('queuewright')}")
    raise SystemExit(0)
