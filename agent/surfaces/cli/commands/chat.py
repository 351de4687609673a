"""`chat`: talk in the terminal."""

from __future__ import annotations

import argparse
import sys

HELP = "talk in the terminal"
EXAMPLES = """  queuewright chat --target main=redis://localhost:6379/0
  queuewright chat --thread 4f2a91c07b           # go on with a conversation
  printf '%s\\n' 'What is prefetch?' 'And in Celery?' | queuewright chat
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("--thread", metavar="ID", help="the conversation to go on with")


def run(args: argparse.Namespace) -> int:
    """0 at the end; from a pipe 1 when a turn failed."""
    from agent.surfaces.cli.chat.loops import at_terminal, from_pipe

    at_both_ends = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    return at_terminal(args) if at_both_ends else from_pipe(args)
