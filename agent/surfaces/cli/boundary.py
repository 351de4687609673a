"""Where errors end: every failure becomes one document or one line, and an exit code.

0 done, 1 attempted and failed, 2 nothing was attempted because of the input, 3 an approval is pending.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from agent.surfaces.cli.language import chrome_language, say
from agent.surfaces.cli.output import failure_document, note, print_json, print_line
from tools.errors import InputError, InternalError, QueuewrightError

if TYPE_CHECKING:
    from tools.config import Config

T = TypeVar("T")
INTERRUPTED = 130


class CommandFailed(Exception):
    """A command could not do its work; its sentences are the command line's own.

    Args:
        code: one of the contract's error codes.
        message, hint: rendered.
    """

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def guarded(command: ModuleType, args: argparse.Namespace) -> int:
    """Runs a command; its exit code."""
    try:
        return int(command.run(args))
    except KeyboardInterrupt:
        print_line(file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost boundary: people get one line, `--verbose` the traceback
        return report(error, args)


def report(error: Exception, args: argparse.Namespace) -> int:
    """Prints a failure as the command's surface expects it; the exit code."""
    failure = failure_of(error, args)
    if args.verbose and not isinstance(error, (QueuewrightError, CommandFailed)):
        import traceback

        traceback.print_exception(error)
    if args.json:
        print_json(failure_document(failure.code, failure.message, failure.hint, tool=getattr(args, "tool", None)))
    print_line(failure_line(failure), file=sys.stderr)
    return 2 if isinstance(error, InputError) else 1


def failure_line(failure: CommandFailed) -> str:
    """The failure in one line."""
    return " ".join(f"queuewright: {failure.message}{f' {failure.hint}' if failure.hint else ''}".split())


def failure_of(error: Exception, args: argparse.Namespace) -> CommandFailed:
    """Any failure in sentences of the person's language, without secrets."""
    from tools.runner import error_info

    lang, secrets = chrome_language(args), getattr(args, "secrets", ())
    if isinstance(error, CommandFailed):
        return error
    if isinstance(error, OSError) and error.strerror:
        detail = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return CommandFailed("internal", say(lang, "error.system", detail=detail))
    if not isinstance(error, QueuewrightError):
        error = InternalError(tool=args.command, detail=f"{type(error).__name__}: {error}")
    info = error_info(error, lang, secrets)
    return CommandFailed(info.code, info.message, info.hint)


def configured(args: argparse.Namespace, *, working_directory: bool = True) -> Config:
    """The configuration in force; files found in the working directory are named on stderr.

    Raises:
        BadArguments: what is configured cannot be used.
    """
    from tools.config import load_config

    here = Path.cwd() if working_directory else None
    config = load_config(
        config_path=Path(args.config) if args.config else None,
        target_args=args.target,
        model=args.model,
        working_directory=here,
    )
    args.secrets = config.secrets
    for source in config.sources:
        if here is not None and Path(source).parent == here:
            note(say(chrome_language(args), "using", source=source))
    return config


def run_async(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """`asyncio.run`, except that a blocking call which hangs cannot keep the process alive at the end."""
    from tools.blocking import DaemonExecutor

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(DaemonExecutor())
        return loop

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())
