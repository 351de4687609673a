"""`tools`: what can be called, by whom it is read, and what it may change."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.registry import ToolSpec

HELP = "list the tools, their arguments and risks"
EXAMPLES = """  queuewright tools
  queuewright tools --json                       # with the JSON schemas
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """Always 0."""
    from agent.surfaces.cli.language import chrome_language, say
    from agent.surfaces.cli.output import print_json, print_line
    from tools.registry import Registry

    specs = list(Registry().tools.values())
    if args.json:
        keys = ("name", "risk", "description", "schema")
        print_json({"tools": [{key: getattr(spec, key) for key in keys} for spec in specs]})
        return 0
    lang = chrome_language(args)
    print_tools(specs, lang)
    print_line(f"\n{say(lang, 'tools.note')}")
    return 0


def print_tools(specs: list[ToolSpec], lang: str) -> None:
    """As a table."""
    from agent.surfaces.cli.language import say
    from agent.surfaces.cli.tables import Table, print_table

    rows = [[spec.name, str(spec.risk), _signature(spec), spec.description] for spec in specs]
    head = [say(lang, f"tools.{key}") for key in ("name", "risk", "arguments", "description")]
    print_table(Table(head, rows))


def _signature(spec: ToolSpec) -> str:
    """The arguments' names; optional ones with a question mark."""
    required = spec.schema.get("required", [])
    return ", ".join(name if name in required else f"{name}?" for name in spec.schema.get("properties", {}))
