"""`search`."""

from __future__ import annotations

import argparse

HELP = "search"
EXAMPLES = """  queuewright search
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""


def run(args: argparse.Namespace) -> int:
    """Not yet."""
    return 1
