"""The two ways in: a prompt where a person sits, plain lines where a pipe stands."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from agent.surfaces.cli.boundary import configured, run_async
from agent.surfaces.cli.chat.conversation import Conversation
from agent.surfaces.cli.chat.engine import Engine
from agent.surfaces.cli.chat.threads import last_turn
from agent.surfaces.cli.language import chrome_language, say
from agent.surfaces.cli.output import dim, note, print_line

if TYPE_CHECKING:
    from agent.surfaces.cli.chat.prompt import Prompt
    from tools.config import Config


def at_terminal(args: argparse.Namespace) -> int:
    """Talks until Ctrl-D; 0."""
    from agent.surfaces.cli.chat.prompt import Prompt

    lang = chrome_language(args)
    engine = Engine(lambda: configured(args), lang, lambda config: _welcome(talk, config, bool(args.thread)))
    talk = Conversation(args, engine, lang)
    print_line(dim(f"Queuewright · {say(lang, 'chat.hint')}"))
    prompt = Prompt(engine.config)
    prompt.when_drawn(engine.start)
    engine.agent.add_done_callback(lambda _: prompt.fail(engine.failure) if engine.failure else None)
    try:
        _converse(talk, prompt)
    finally:
        closed = engine.close()
    if not closed:
        # It is in the middle of an import, which cannot be interrupted, and Python aborts when a thread is there at its
        # end. Nothing is lost: no turn runs, and what was said is on disk.
        sys.stdout.flush()
        os._exit(0)
    return 0


def from_pipe(args: argparse.Namespace) -> int:
    """Takes each line of stdin as an entry; 1 when any went wrong."""
    lang = chrome_language(args)
    engine = Engine(lambda: configured(args), lang)
    talk = Conversation(args, engine, lang)
    engine.start()
    try:
        engine.wait()
        if args.thread and (last := talk.last()) and last.answer is None:
            note(say(lang, "chat.unfinished_piped", thread=talk.thread))
        _consume(talk)
    finally:
        engine.close()
    note(say(lang, "thread", thread=talk.thread))
    return 1 if talk.failed else 0


def _converse(talk: Conversation, prompt: Prompt) -> None:
    while talk.engine.failure is None:
        try:
            entry = prompt.read()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not talk.take(entry):
            return
        print_line()
    raise talk.engine.failure


def _consume(talk: Conversation) -> None:
    for number, line in enumerate(iter(sys.stdin.buffer.readline, b""), start=1):
        try:
            entry = line.decode("utf-8")
        except UnicodeDecodeError:
            talk.failed = True
            note(say(talk.lang, "chat.not_utf8", line=number))
            continue
        if number > 1 and entry.strip():
            print_line()
        if not talk.take(entry):
            return


def _welcome(talk: Conversation, config: Config, known_thread: bool) -> None:
    """Model, targets and thread, above the prompt that is already there."""
    from agent.models import model_name

    if config.model.name is None:
        print_line(dim(say(talk.lang, "brain")))
    targets = ", ".join(config.targets) or say(talk.lang, "chat.no_targets")
    facts = {"model": model_name(config.model), "targets": targets, "thread": talk.thread}
    print_line(dim(say(talk.lang, "chat.banner", **facts)))
    if known_thread:
        talk.show(run_async(lambda: last_turn(config, talk.thread)))
