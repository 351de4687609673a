"""The language of what the command line itself says; answers have their own."""

from __future__ import annotations

import argparse
import os

from agent import texts


def chrome_language(args: argparse.Namespace) -> str:
    """`--lang`, else the locale: Russian where it is Russian, English everywhere else. Programs (`--json`) get
    English unless they ask otherwise."""
    if args.lang:
        return str(args.lang)
    return "en" if args.json else locale_language()


def locale_language() -> str:
    """Of the environment, in the order POSIX gives the variables."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for name in names if (value := os.environ.get(name))), "")
    return "ru" if locale.lower().startswith("ru") else "en"


def say(lang: str, key: str, **facts: object) -> str:
    """The command line's sentence of that key: `cli.<key>` of the catalogue."""
    return texts.render(lang, f"cli.{key}", **facts)
