"""Shows a turn while it runs: on a terminal as it comes, elsewhere the finished answer alone.

On a terminal finished Markdown blocks are printed for good and only the tail is drawn again, since drawing everything
again costs more with every token.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from agent.surfaces.cli.footnotes import footnotes
from agent.surfaces.cli.language import say
from agent.surfaces.cli.output import note, on_terminal, print_json, print_line
from tools.untrusted import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from agent.session import Event

_FRAMES_PER_SECOND = 12
_MOST_ARGUMENTS = 60


class Display(Protocol):
    """Takes the events of one turn, inside a `with`."""

    def __enter__(self) -> Display:
        """Ready for events."""
        ...

    def __exit__(self, *_: object) -> None:
        """Leaves the screen as a reader expects it, also after an interruption."""
        ...

    def show(self, event: Event) -> None:
        """One event."""
        ...


def make_display(lang: str, *, as_json: bool = False) -> Display:
    """The display that fits stdout."""
    if as_json:
        return JsonDisplay(lang)
    return TerminalDisplay(lang) if on_terminal() else PlainDisplay(lang)


def tool_line(name: str, args: dict[str, Any]) -> str:
    """A call in one line: its name and the values of its arguments."""
    return clean(" ".join([name, *(str(value) for value in args.values())]), _MOST_ARGUMENTS)


class PlainDisplay:
    """The answer as it was written, Markdown and all; tool calls on stderr."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def __enter__(self) -> PlainDisplay:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is drawn, so there is nothing to tidy."""

    def show(self, event: Event) -> None:
        """Prints what is finished."""
        from agent.session import Answered, ToolStarted

        if isinstance(event, ToolStarted):
            note(tool_line(event.name, event.args))
        elif isinstance(event, Answered):
            self._print(event.answer)

    def _print(self, answer: dict[str, Any]) -> None:
        print_line(clean(answer["answer"]))
        if lines := footnotes(answer):
            print_line("\n".join(["", *lines]))


class JsonDisplay(PlainDisplay):
    """The answer as the document of `ask --json`."""

    def _print(self, answer: dict[str, Any]) -> None:
        print_json(answer)


class TerminalDisplay:
    """Streams with rich."""

    def __init__(self, lang: str) -> None:
        from agent.surfaces.cli.markdown import Blocks, console

        self._lang = lang
        self._console: Console = console()
        self._blocks = Blocks()
        self._streamed = ""
        self._printed = False
        self._running: list[tuple[str, str, float]] = []
        self._since = time.monotonic()
        self._stack = ExitStack()
        self._live: Live | None = None

    def __enter__(self) -> TerminalDisplay:
        from rich.live import Live

        self._live = Live(
            console=self._console,
            get_renderable=self._tail,
            transient=True,
            refresh_per_second=_FRAMES_PER_SECOND,
            vertical_overflow="crop",
        )
        self._stack.enter_context(self._live)
        return self

    def __exit__(self, *_: object) -> None:
        """Prints what was received of an unfinished block."""
        self._stack.close()
        self._commit(self._blocks.finish())

    def show(self, event: Event) -> None:
        """Prints what is finished and keeps the rest for the next frame."""
        from agent.session import Answered, Token, ToolFinished, ToolStarted

        if isinstance(event, Token):
            self._take(clean(event.text))
        elif isinstance(event, ToolStarted):
            self._end_of_text()
            self._running.append((event.name, tool_line(event.name, event.args), time.monotonic()))
        elif isinstance(event, ToolFinished):
            self._finished(event.name, event.status, event.elapsed_ms)
        elif isinstance(event, Answered):
            self._answered(event.answer)

    def _take(self, text: str) -> None:
        self._streamed += text
        for block in self._blocks.feed(text):
            self._commit(block)

    def _end_of_text(self) -> None:
        """What the model says before a call is no part of its answer."""
        self._commit(self._blocks.finish())
        self._streamed = ""

    def _answered(self, answer: dict[str, Any]) -> None:
        text = clean(answer["answer"])
        said = self._streamed.strip()
        if text.startswith(said):
            self._take(text[len(said) :] if said else text)
        else:
            self._end_of_text()
            self._take(text)
        self._commit(self._blocks.finish())
        self._stack.close()
        if lines := footnotes(answer):
            self._print("\n".join(lines), style="dim")

    def _finished(self, name: str, status: str, elapsed_ms: int) -> None:
        started = next((call for call in self._running if call[0] == name), None)
        line = started[1] if started else name
        if started:
            self._running.remove(started)
        failed = "" if status in {"ok", "no_data"} else f" · {status}"
        self._print(f"· {line} · {elapsed_ms} ms{failed}", style="yellow" if failed else "dim", apart=False)

    def _commit(self, block: str) -> None:
        from agent.surfaces.cli.markdown import AnswerMarkdown

        if block.strip():
            self._print(AnswerMarkdown(block))

    def _print(self, what: RenderableType, *, style: str | None = None, apart: bool = True) -> None:
        if apart and self._printed:
            self._console.print()
        # Not cropped: the terminal folds a long command by itself, and it stays one line to copy.
        self._console.print(what, style=style, crop=False)
        self._printed = True

    def _tail(self) -> RenderableType:
        """The unfinished block's last lines, or what is being waited for."""
        from rich.console import Group
        from rich.text import Text

        from agent.surfaces.cli.markdown import AnswerMarkdown

        now = time.monotonic()
        waits = [f"· {line} · {now - since:.1f} s" for _, line, since in self._running]
        if waits:
            return Text("\n".join(waits), style="dim", no_wrap=True, overflow="ellipsis")
        if not self._blocks.tail.strip():
            return Text(f"· {say(self._lang, 'working')} · {now - self._since:.0f} s", style="dim")
        lines = self._console.render_lines(AnswerMarkdown(self._blocks.tail), pad=False)
        shown = lines[-max(self._console.height - 2, 1) :]
        texts = [
            Text.assemble(*((p.text, p.style or "") for p in line), no_wrap=True, overflow="crop") for line in shown
        ]
        return Group(*([Text("")] if self._printed else []), *texts)
