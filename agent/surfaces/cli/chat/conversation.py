"""What happens to a line that a person has entered, wherever it came from: a question, a resumption or a command."""

from __future__ import annotations

import argparse
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.surfaces.cli.boundary import failure_line, failure_of
from agent.surfaces.cli.chat.engine import Engine, Stopped, Turn
from agent.surfaces.cli.chat.threads import LastTurn, last_turn
from agent.surfaces.cli.display import make_display
from agent.surfaces.cli.language import say
from agent.surfaces.cli.output import dim, print_line

if TYPE_CHECKING:
    from agent.session import Agent

# Of a question that is quoted in a notice.
_QUOTED = 80


class Conversation:
    """One person's talk; `failed` says whether any turn went wrong."""

    def __init__(self, args: argparse.Namespace, engine: Engine, lang: str) -> None:
        self.thread: str = args.thread or secrets.token_hex(5)
        self.lang = lang
        self.engine = engine
        self.failed = False
        self._args = args
        self._unfinished = False

    def take(self, text: str) -> bool:
        """One entry; False when it ends the conversation."""
        from agent.surfaces.cli.chat import slash

        entry = text.strip()
        if entry.startswith("/") and "\n" not in entry and not entry.startswith("//"):
            return slash.run(self, entry)
        if entry or self._unfinished:
            self.answer(entry or None)
        return True

    def answer(self, question: str | None) -> None:
        """One turn on the screen; None resumes. Its failure is one line, and the conversation goes on."""
        try:
            self._run(question)
            self._unfinished = False
        except Stopped:
            self.failed = True
            self._stopped()
        except Exception as error:  # the boundary of a turn: whatever failed, the next question is welcome
            if self.engine.failure:
                raise
            self.failed = True
            self.say_failure(error)
            self._unfinished = self._is_unfinished()

    def go_to(self, thread: str) -> None:
        """Goes on with another thread."""
        self.thread, self._unfinished = thread, False

    def show(self, last: LastTurn | None) -> None:
        """The last exchange of the thread; an unfinished turn is offered."""
        if last is None:
            print_line(dim(say(self.lang, "chat.empty_thread", thread=self.thread)))
            return
        self._unfinished = last.answer is None
        if last.answer is None:
            print_line(dim(say(self.lang, "chat.unfinished", question=_short(last.question))))
            return
        from agent.surfaces.cli.render import print_markdown
        from tools.untrusted import clean

        print_line(dim(f"{say(self.lang, 'chat.you')}: {_short(last.question)}"))
        print_markdown(clean(last.answer))

    def last(self) -> LastTurn | None:
        """The last exchange of the thread."""

        async def read(agent: Agent) -> LastTurn | None:
            return await last_turn(agent.runtime.config, self.thread)

        return self.engine.run(read)

    def say_failure(self, error: Exception) -> None:
        """In one line, on stdout where the conversation is."""
        print_line(failure_line(failure_of(error, self._args)))

    def _run(self, question: str | None) -> None:
        with interruptible() as interruption, make_display(self.lang) as display:
            self.engine.wait(interruption.wanted)
            turn = Turn(self.engine, question, self.thread, self._args.lang)
            interruption.then(turn.stop)
            for event in turn:
                display.show(event)

    def _stopped(self) -> None:
        self._unfinished = self._is_unfinished()
        key = "chat.stopped" if self._unfinished else "chat.stopped_early"
        print_line(dim(say(self.lang, key, thread=self.thread)))

    def _is_unfinished(self) -> bool:
        last = self.last() if self.engine.agent.done() else None
        return last is not None and last.answer is None


class Interruption:
    """Ctrl-C during a turn: remembered, and handed to whatever can stop."""

    def __init__(self) -> None:
        self._wanted = False
        self._stop: Callable[[], None] | None = None

    def wanted(self) -> bool:
        """Whether it was pressed."""
        return self._wanted

    def then(self, stop: Callable[[], None]) -> None:
        """What to call when it is pressed, or now if it was."""
        self._stop = stop
        if self._wanted:
            stop()

    def pressed(self) -> None:
        """The second time it interrupts at once, for a turn that does not let go."""
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True
        if self._stop:
            self._stop()


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Ctrl-C inside stops the turn and not the program."""
    interruption = Interruption()
    before = signal.signal(signal.SIGINT, lambda *_: interruption.pressed())
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED else f"{line[:_QUOTED]}…"
