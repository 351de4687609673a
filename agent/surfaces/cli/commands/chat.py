"""`chat`."""

from __future__ import annotations

import argparse

HELP = "chat"
EXAMPLES = """  queuewright chat
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""


def run(args: argparse.Namespace) -> int:
    """Not yet."""
    return 1
