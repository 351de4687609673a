"""`index`: the knowledge index, which also builds itself on first use."""

from __future__ import annotations

import argparse

HELP = "build the knowledge index, or check that it is there"
EXAMPLES = """  queuewright index
  queuewright index --rebuild --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("--rebuild", action="store_true", help="build it again even if it is fine")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 when there is a usable index at the end."""
    from agent.surfaces.cli.boundary import configured
    from agent.surfaces.cli.language import chrome_language, say
    from agent.surfaces.cli.output import print_json, print_line
    from agent.surfaces.cli.progress import knowledge_opener

    lang = chrome_language(args)
    with knowledge_opener(configured(args), lang, rebuild=args.rebuild)() as base:
        facts = {
            "path": str(base.info.path),
            "embedder": base.info.embedder,
            "sections": base.info.sections,
            "rebuilt": base.info.rebuilt,
            "seconds": base.info.seconds,
        }
    if args.json:
        print_json(facts)
    else:
        print_line(say(lang, "index.built" if facts["rebuilt"] else "index.opened", **facts))
    return 0
