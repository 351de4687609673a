"""`ask`: one turn."""

from __future__ import annotations

import argparse
import sys

HELP = "ask one question and get one answer"
EXAMPLES = """  queuewright ask "Why is my queue backing up?" --target main=redis://localhost:6379/0
  queuewright ask "Почему растёт очередь mail?" --json
  kubectl logs worker-1 --tail 50 | queuewright ask -
  queuewright ask --thread 4f2a91c07b            # go on with an interrupted turn
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of this command."""
    parser.add_argument("question", nargs="?", help="the question; `-` reads it from stdin")
    parser.add_argument("--thread", metavar="ID", help="the conversation to go on with")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """0 whenever an answer was printed; 1 when the model or the session failed."""
    from agent.surfaces.cli.boundary import configured, run_async

    question = _question(args)
    config = configured(args)
    if config.model.name is None:
        _introduce(args.lang or "en")

    async def turn() -> dict[str, object]:
        from agent.session import open_agent
        from agent.surfaces.cli.output import note

        async with open_agent(config, surface="cli", progress=note) as agent:
            return await agent.ask(question, thread_id=args.thread, lang=args.lang)

    answer = run_async(turn)
    from agent.surfaces.cli.output import print_json
    from agent.surfaces.cli.render import print_answer

    if args.json:
        print_json(answer)
    else:
        print_answer(answer)
    return 0


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


def _introduce(lang: str) -> None:
    from agent import texts
    from agent.surfaces.cli.output import note

    note(texts.render(lang, "embedded_default"))
