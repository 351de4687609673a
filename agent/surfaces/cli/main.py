"""Parses the command line and hands over to one command. Nothing heavy is imported before a command runs.

Two parsers, one after the other: the first takes the global options and the command's name, the second, the command's
own, takes the rest into the same namespace. So a global option counts on either side of the command, and options may
stand between a command's positional arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from agent.surfaces.cli import plugins
from agent.surfaces.cli.output import failure_document, prepare_streams, print_json, print_line

DESCRIPTION = "Finds out what is wrong with queues and workers, with evidence. Поймёт и по-русски."
EXAMPLES = """examples:
  queuewright ask "How do I keep one slow task from blocking the others?"
  queuewright --target main=redis://localhost:6379/0 ask "Why is my queue backing up?"
  queuewright --target main=redis://localhost:6379/0 chat
  queuewright call diagnose '{"target": "main"}' --target main=redis://localhost:6379/0

`queuewright COMMAND --help` shows the options of a command, with examples."""
_PACKAGE = "agent.surfaces.cli.commands"
BUILT_IN = {name: f"{_PACKAGE}.{name}" for name in ("chat", "ask", "search", "tools", "call", "index", "doctor")}


class UsageError(Exception):
    """The command line itself is wrong."""

    def __init__(self, prog: str, message: str) -> None:
        super().__init__(message)
        self.prog = prog


class Parser(argparse.ArgumentParser):
    """Raises instead of ending the process, and accepts no abbreviations: they break when an option is added."""

    def __init__(self, prog: str, description: str, epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Ends parsing."""
        raise UsageError(self.prog, message)


def run(arguments: Sequence[str]) -> int:
    """Runs one command; the exit code."""
    prepare_streams()
    try:
        args, module = parsed(arguments)
    except UsageError as error:
        return _wrong_usage(error, "--json" in arguments)
    except SystemExit as done:  # argparse has printed the help
        return int(done.code or 0)
    if module is None:
        return 0
    from agent.surfaces.cli.boundary import guarded

    return guarded(module, args)


def parsed(arguments: Sequence[str]) -> tuple[argparse.Namespace, ModuleType | None]:
    """The arguments, and the command's module; None when there is nothing left to do.

    Raises:
        UsageError: they do not fit.
    """
    commands = BUILT_IN | plugins.commands()
    parser = _main_parser(commands, arguments)
    args = parser.parse_args(arguments)
    if args.version:
        print_line(f"queuewright {plugins.version()}")
        return args, None
    if args.command is None:
        parser.print_help()
        return args, None
    if args.command not in commands:
        parser.error(f"there is no command {args.command!r} (there are {', '.join(commands)})")
    module = import_module(commands[args.command])
    own = Parser(
        prog=f"queuewright {args.command}", description=module.HELP, epilog=f"examples:\n{module.EXAMPLES.rstrip()}"
    )
    module.arguments(own)
    _global_options(own)
    rest = args.rest
    del args.rest, args.version
    # Intermixed parsing forgets in Python 3.11 what `--` means.
    parse = own.parse_args if "--" in rest else own.parse_intermixed_args
    return _with_defaults(parse(rest, args)), module


def _main_parser(commands: dict[str, str], arguments: Sequence[str]) -> Parser:
    named = any(argument in commands for argument in arguments)
    parser = Parser(
        prog="queuewright",
        usage="queuewright [global options] COMMAND …",
        description=DESCRIPTION if named else f"{DESCRIPTION}\n\ncommands:\n{_summaries(commands)}",
        epilog=EXAMPLES,
    )
    parser.add_argument("command", nargs="?", metavar="COMMAND", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    _global_options(parser)
    return parser


def _summaries(commands: dict[str, str]) -> str:
    return "\n".join(f"  {name:<10}{import_module(module).HELP}" for name, module in commands.items())


def _global_options(parser: Parser) -> None:
    group = parser.add_argument_group("global options (before or after the command)")
    group.add_argument(
        "--config",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="configuration file (default: ./queuewright.toml, then the user's)",
    )
    group.add_argument(
        "--target",
        metavar="NAME=URL",
        action="append",
        default=argparse.SUPPRESS,
        help="add a target, e.g. main=redis://localhost:6379/0; repeatable",
    )
    group.add_argument(
        "--model",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="`embedded`, or a model of the OpenAI-compatible endpoint",
    )
    group.add_argument(
        "--lang",
        choices=("en", "ru"),
        default=argparse.SUPPRESS,
        help="language of answers (default: that of the question)",
    )
    group.add_argument(
        "--verbose", action="store_true", default=argparse.SUPPRESS, help="say on stderr what is being done"
    )


def _with_defaults(args: argparse.Namespace) -> argparse.Namespace:
    """Fills in what was not given; the parsers have no defaults, lest the second undo what the first has read."""
    given = vars(args)
    defaults: dict[str, object] = {
        "config": None,
        "target": [],
        "model": None,
        "lang": None,
        "verbose": False,
        "json": False,
    }
    for name, value in defaults.items():
        given.setdefault(name, value)
    return args


def _wrong_usage(error: UsageError, as_json: bool) -> int:
    hint = f"{error.prog} --help"
    if as_json:
        tool = "" if error.prog.endswith(" call") else None
        print_json(failure_document("bad_arguments", str(error), hint, tool))
    print_line(f"{error.prog}: {error} (see {hint})", file=sys.stderr)
    return 2
