"""The input line of a terminal. Loaded only there: prompt_toolkit takes 0.15 s to import, the most of what a person
waits for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout

from tools.redact import redact

if TYPE_CHECKING:
    from tools.config import Config


class Prompt:
    """Reads entries of one or several lines; what others print meanwhile appears above it."""

    def __init__(self, config: Future[Config]) -> None:
        self._session: PromptSession[str] = PromptSession(
            "> ", multiline=True, prompt_continuation="  ", key_bindings=_keys(), history=StateHistory(config)
        )

    def read(self) -> str:
        """One entry.

        Raises:
            EOFError: Ctrl-D on an empty line.
            KeyboardInterrupt: Ctrl-C.
        """
        with patch_stdout(raw=True):
            return self._session.prompt()

    def when_drawn(self, action: Callable[[], None]) -> None:
        """Calls `action` once, when the prompt is on the screen."""

        def drawn(_app: object) -> None:
            self._session.app.after_render -= drawn
            action()

        self._session.app.after_render += drawn

    def fail(self, error: BaseException) -> None:
        """Makes a `read` that is waiting raise `error`; from any thread."""
        app = self._session.app
        if app.is_running and app.loop is not None:
            app.loop.call_soon_threadsafe(lambda: app.is_running and app.exit(exception=error))


class StateHistory(History):
    """Earlier entries in the state folder, which is known only after the prompt is drawn. Mode 0600, redacted."""

    def __init__(self, config: Future[Config]) -> None:
        super().__init__()
        self._config = config

    async def load(self) -> AsyncGenerator[str, None]:
        """The entries, newest first."""
        await asyncio.wait([asyncio.wrap_future(self._config)])
        async for entry in super().load():
            yield entry

    def load_history_strings(self) -> Iterable[str]:
        """From the file; nothing when there is no usable configuration."""
        if self._config.exception() or not self._path.exists():
            return []
        return FileHistory(self._path).load_history_strings()

    def store_string(self, string: str) -> None:
        """Appends to the file, without credentials. A disk that refuses costs the history, not the conversation."""
        if not self._config.done() or self._config.exception() or not string.strip():
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
            FileHistory(self._path).store_string(redact(string, *self._config.result().secrets))
        except OSError:
            return

    @property
    def _path(self) -> Path:
        return self._config.result().state_dir / "history"


def _keys() -> KeyBindings:
    """Enter sends, Alt-Enter adds a line, and so does Enter after a backslash."""
    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _add_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> Any:
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\":
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    return keys
