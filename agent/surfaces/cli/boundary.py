"""Where errors end: every failure becomes one document or one line, and an exit code.

0 done, 1 attempted and failed, 2 nothing was attempted because of the input, 3 an approval is pending.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from agent.surfaces.cli.output import failure_document, note, print_json, print_line
from tools.blocking import DaemonExecutor
from tools.config import Config, load_config
from tools.errors import InputError, InternalError, QueuewrightError

T = TypeVar("T")


def guarded(command: ModuleType, args: argparse.Namespace) -> int:
    """Runs a command; its exit code."""
    try:
        return int(command.run(args))
    except QueuewrightError as error:
        return report(error, args)
    except KeyboardInterrupt:
        print_line("", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost boundary: people get one line, `--verbose` the traceback
        if args.verbose:
            traceback.print_exc()
        return report(InternalError(tool=args.command, detail=f"{type(error).__name__}: {error}"), args)


def report(error: QueuewrightError, args: argparse.Namespace) -> int:
    """Prints a failure as the command's surface expects it."""
    from tools.runner import error_info

    info = error_info(error, args.lang or "en", getattr(args, "secrets", ()))
    if args.json:
        print_json(failure_document(info.code, info.message, info.hint, tool=getattr(args, "tool", None)))
    print_line(f"queuewright: {info.message}{f' {info.hint}' if info.hint else ''}", file=sys.stderr)
    return 2 if isinstance(error, InputError) else 1


def configured(args: argparse.Namespace, *, working_directory: bool = True) -> Config:
    """The configuration in force; files found in the working directory are named on stderr.

    Raises:
        BadArguments: what is configured cannot be used.
    """
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
            note(f"using {source}")
    return config


def run_async(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """`asyncio.run`, except that a blocking call which hangs cannot keep the process alive at the end."""

    def new_loop() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(DaemonExecutor())
        return loop

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())
