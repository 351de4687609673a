"""Runs every measurement, prints a table, exits 1 when a bound is exceeded."""

from __future__ import annotations

import argparse
import json
import sys

from evals.bench.in_process import conversation, inspection, retrieval
from evals.bench.measure import Figure
from evals.bench.processes import ask_process, chat_prompt, help_process

GROUPS = {
    "help": help_process,
    "chat": chat_prompt,
    "ask": ask_process,
    "conversation": conversation,
    "inspection": inspection,
    "retrieval": retrieval,
}


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="default: all")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures: list[Figure] = []
    for name in args.groups or GROUPS:
        sys.stderr.write(f"· {name}\n")
        figures += GROUPS[name]()
    if args.json:
        print(json.dumps([figure.document() for figure in figures], indent=2))
    else:
        print("\n".join(figure.line() for figure in figures))
    return 0 if all(figure.within for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
