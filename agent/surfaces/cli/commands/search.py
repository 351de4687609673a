"""`search`: the knowledge base alone."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from knowledge.search import Hit, Knowledge, SearchResult

HELP = "search the knowledge base"
EXAMPLES = """  queuewright search "one slow task blocks the others"
  queuewright search "что такое prefetch" -k 3 --lang en
  queuewright search --id troubleshooting/no-consumers
  queuewright search --id troubleshooting/no-consumers#cure --json
"""
_DEFAULT_HITS = 5
_MOST_HITS = 50


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("query", nargs="?", metavar="QUERY", help="what to look for, in English or Russian")
    parser.add_argument("-k", type=_count, metavar="N", help=f"how many sections (default {_DEFAULT_HITS})")
    parser.add_argument("--id", metavar="ID", help="that section, or every section of that article, instead of a query")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 also when nothing fits; 1 for an unknown id."""
    from agent.surfaces.cli.boundary import configured
    from agent.surfaces.cli.language import chrome_language
    from agent.surfaces.cli.output import note, print_json
    from agent.surfaces.cli.progress import knowledge_opener

    query = _query(args)
    lang = chrome_language(args)
    with knowledge_opener(configured(args), lang)() as base:
        found = base.search(query, lang=args.lang, k=args.k or _DEFAULT_HITS) if query else _by_id(base, args.id, lang)
    if found.notice:
        note(found.notice)
    if args.json:
        print_json(document(found))
    else:
        _print(found, lang)
    return 0


def document(found: SearchResult) -> dict[str, Any]:
    """`search --json`."""
    hits = [
        {"id": h.id, "title": h.title, "heading": h.heading, "lang": h.lang, "score": h.score, "text": h.text}
        for h in found.hits
    ]
    return {"hits": hits, "off_topic": found.off_topic, "elapsed_ms": round(found.elapsed_ms)}


def _query(args: argparse.Namespace) -> str | None:
    """The query; None when an id is asked for.

    Raises:
        BadArguments: neither, both, empty, or too long.
    """
    from agent.limits import checked_question
    from agent.surfaces.cli.language import chrome_language, say
    from tools.errors import BadArguments

    if (args.query is None) == (args.id is None):
        key = "search.no_query" if args.query is None else "search.both"
        raise BadArguments(detail=say(chrome_language(args), key))
    return None if args.query is None else checked_question(args.query)


def _by_id(base: Knowledge, section_id: str, lang: str) -> SearchResult:
    """Every section of that id. An unknown one was looked for in vain, hence not an error of input."""
    import time

    from agent.surfaces.cli.boundary import CommandFailed
    from agent.surfaces.cli.language import say
    from knowledge.search import SearchResult, UnknownSection

    started = time.perf_counter()
    try:
        hits = base.section(section_id, "ru" if lang == "ru" else "en")
    except UnknownSection as error:
        nearest = say(lang, "search.nearest", nearest=", ".join(error.nearest)) if error.nearest else None
        raise CommandFailed("bad_arguments", say(lang, "search.unknown_id", id=section_id), nearest) from None
    return SearchResult(hits, False, (time.perf_counter() - started) * 1000)


def _print(found: SearchResult, lang: str) -> None:
    from agent.surfaces.cli.language import say
    from agent.surfaces.cli.output import print_line

    if not found.hits:
        print_line(say(lang, "search.nothing"))
    elif found.off_topic:
        print_line(f"{say(lang, 'search.off_topic')}\n")
    for position, hit in enumerate(found.hits):
        if position:
            print_line()
        _print_hit(hit)


def _print_hit(hit: Hit) -> None:
    from agent.surfaces.cli.output import dim, print_line
    from agent.surfaces.cli.render import print_markdown

    score = "" if hit.score is None else f"  {hit.score:.2f}"
    print_line(f"{hit.title} — {hit.heading}")
    print_line(dim(f"{hit.id}{score}"))
    print_line()
    print_markdown(hit.text)


def _count(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= _MOST_HITS:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {_MOST_HITS}, not {text!r}")
    return value
