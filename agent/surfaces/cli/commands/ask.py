"""`ask`: one turn."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tools.config import Config

HELP = "ask one question and get one answer"
EXAMPLES = """  queuewright ask "Why is my queue backing up?" --target main=redis://localhost:6379/0
  queuewright ask "Почему растёт очередь mail?" --json
  kubectl logs worker-1 --tail 50 | queuewright ask -
  queuewright ask --thread 4f2a91c07b            # go on with an interrupted turn
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("question", nargs="?", metavar="QUESTION", help="the question; `-` reads it from stdin")
    parser.add_argument("--thread", metavar="ID", help="the conversation to go on with")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 whenever an answer was printed, 3 when it waits for an approval; 1 when the model or the session failed."""
    from agent.surfaces.cli.boundary import configured, run_async
    from agent.surfaces.cli.language import chrome_language, say
    from agent.surfaces.cli.output import note

    question = _question(args)
    config = configured(args)
    if config.model.name is None:
        note(say(chrome_language(args), "brain"))
    answer = run_async(lambda: _turn(args, config, question))
    return 3 if answer["pending_approval"] else 0


async def _turn(args: argparse.Namespace, config: Config, question: str | None) -> dict[str, Any]:
    """Runs the turn and prints it; the answer."""
    from agent.session import Answered, new_thread_id, open_agent
    from agent.surfaces.cli.display import make_display
    from agent.surfaces.cli.language import chrome_language, say
    from agent.surfaces.cli.output import note, on_terminal
    from agent.surfaces.cli.progress import knowledge_opener

    lang = chrome_language(args)
    thread = args.thread or new_thread_id()
    streams = on_terminal() and not args.json
    knowledge = knowledge_opener(config, lang)
    answer: dict[str, Any] = {}
    async with open_agent(config, surface="cli", streams=streams, knowledge=knowledge, progress=note) as agent:
        with _resumable(lang, thread), make_display(lang, as_json=args.json) as display:
            async for event in agent.stream(question, thread_id=thread, lang=args.lang):
                display.show(event)
                if isinstance(event, Answered):
                    answer = event.answer
    if not args.json:
        note(say(lang, "thread", thread=thread))
    return answer


@contextmanager
def _resumable(lang: str, thread: str) -> Iterator[None]:
    """Says how to go on with a turn that was stopped or lost its model."""
    import asyncio

    from agent.surfaces.cli.language import say
    from agent.surfaces.cli.output import note
    from tools.errors import ModelFailed

    try:
        yield
    except (asyncio.CancelledError, ModelFailed):
        note(say(lang, "stopped", how=f"queuewright ask --thread {thread}"))
        raise


def _question(args: argparse.Namespace) -> str | None:
    """The question; None resumes.

    Raises:
        BadArguments: empty, too long, not UTF-8, or missing without a thread.
    """
    from agent.limits import checked_question
    from tools.errors import BadArguments

    if args.question is None:
        if args.thread is None:
            raise BadArguments("question_empty")
        return None
    return checked_question(_stdin() if args.question == "-" else args.question)


def _stdin() -> str:
    from agent.limits import MOST_CHARACTERS
    from tools.errors import BadArguments

    # Four bytes hold any character: more than this cannot be within the limit, so a huge pipe is not read to its end.
    data = sys.stdin.buffer.read(4 * MOST_CHARACTERS + 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) > 4 * MOST_CHARACTERS:
            raise BadArguments("question_long", limit=MOST_CHARACTERS) from None
        raise BadArguments("question_binary", position=error.start) from None
    if "\x00" in text:
        raise BadArguments("question_binary", position=text.index("\x00"))
    return text
