"""A pseudo-terminal with the real command in it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]|\r")
PATIENCE_S = 30.0


class Terminal:
    """Types and looks. What is on the screen is read as a stream, without escape sequences."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            # without it every prompt asks the terminal where its cursor is, and this one does not answer
            env=environment | {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1"},
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.raw = ""
        self._seen = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    @property
    def text(self) -> str:
        """Everything so far."""
        return _ESCAPES.sub("", self.raw)

    def type(self, keys: str) -> None:
        """Presses keys: `\\r` is Enter, `\\x03` Ctrl-C, `\\x04` Ctrl-D, `\\x1b\\r` Alt-Enter."""
        os.write(self._master, keys.encode())

    def sees(self, wanted: str) -> str:
        """Waits until the text appears after what was waited for before; what stood between."""
        deadline = time.monotonic() + PATIENCE_S
        while (at := self.text.find(wanted, self._seen)) < 0:
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{wanted!r} did not appear in:\n{self.text[self._seen :]}")
        between = self.text[self._seen : at]
        self._seen = at + len(wanted)
        return between

    def ends(self) -> int:
        """Waits for the process to end; its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not end:\n{self.text[self._seen :]}")
        return self.process.wait(timeout=PATIENCE_S)

    def _read(self) -> bool:
        """Takes what there is, waiting a little; False at the end."""
        if select.select([self._master], [], [], 0.2)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # how Linux says that the other side has gone
                return False
            self.raw += data.decode("utf-8", "replace")
            return bool(data)
        return True
