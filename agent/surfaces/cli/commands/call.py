"""`call`: one tool, no model."""

from __future__ import annotations

import argparse
import sys
from typing import Any

HELP = "run one tool without a model"
EXAMPLES = """  queuewright call list_targets --target main=redis://localhost:6379/0
  queuewright call inspect_broker '{"target": "main"}' --json
  echo '{"target": "main", "queue": "mail"}' | queuewright call inspect_queue -
"""
# Far above any argument; a pipe that never ends is not read to its end.
_MOST_BYTES = 16 * 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("tool", metavar="TOOL", help="see `queuewright tools`")
    parser.add_argument(
        "arguments", nargs="?", default="{}", metavar="JSON", help="arguments; `-` reads them from stdin"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 done or no data, 1 failed, 2 wrong input, 3 needs an approval."""
    from agent.surfaces.cli.boundary import configured, run_async
    from agent.surfaces.cli.language import chrome_language

    given = parsed_arguments(_stdin() if args.arguments == "-" else args.arguments)
    config = configured(args)
    lang = chrome_language(args)

    async def call() -> Any:
        from agent.surfaces.cli.output import note
        from tools.runner import Runner

        runner = Runner(config, surface="call", progress=note)
        try:
            return await runner.call(args.tool, given, lang=lang)
        finally:
            await runner.close()

    result = run_async(call)
    from agent.surfaces.cli.output import print_json
    from agent.surfaces.cli.render import print_result

    if args.json:
        print_json(result.model_dump())
    else:
        print_result(result, lang)
    return {"error": 1, "needs_approval": 3}.get(result.status, 0)


def parsed_arguments(text: str) -> dict[str, Any]:
    """The JSON object.

    Raises:
        BadArguments: not JSON, or not an object.
    """
    import json

    from tools.errors import BadArguments

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArguments("arguments_json", detail=str(error)[:200]) from None
    if not isinstance(document, dict):
        raise BadArguments("arguments_json", detail=type(document).__name__)
    return document


def _stdin() -> str:
    from tools.errors import BadArguments

    try:
        return sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadArguments("arguments_json", detail=str(error)[:200]) from None
