"""Answers and results for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from agent.surfaces.cli.output import print_line

if TYPE_CHECKING:
    from tools.contract import ToolResult


def print_answer(answer: dict[str, Any]) -> None:
    """The answer as Markdown: rendered on a terminal, plain elsewhere; the thread on stderr."""
    print_markdown(answer["answer"])
    print_line(f"· thread {answer['thread_id']}", file=sys.stderr)


def print_markdown(text: str) -> None:
    """Rendered on a terminal, plain when piped."""
    if not sys.stdout.isatty():
        print_line(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def print_result(result: ToolResult) -> None:
    """A tool's envelope, indented, without what is empty."""
    document = result.model_dump(exclude_defaults=True)
    print_line(json.dumps(document, ensure_ascii=False, indent=2, default=str))
