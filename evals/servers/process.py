"""What every real server of this folder is: processes in sessions of their own, on ports that were free a moment ago.

A free port may be taken by somebody else before the server listens on it, so a start that times out is tried again.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import ClassVar, Self

LOG = "output.log"


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    with ExitStack() as probes:
        ports = []
        for _ in range(count):
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(int(probe.getsockname()[1]))
    return ports


def start(
    command: Sequence[str], env: Mapping[str, str] | None, log: Path, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """A process in a session of its own, which appends what it says to `log` and runs in `cwd` or the log's folder."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=env, cwd=cwd or log.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends its group at once: there is nothing to save. Safe to call twice."""
    if process.returncode is not None:
        return  # awaited already: the number may be somebody else's by now
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Server(ABC):
    """`with Server() as server:` something that is started, and stopped at the end or when the start fails.

    `TRIES`: how often a start that raises TimeoutError is tried.
    """

    TRIES: ClassVar[int] = 1

    def __enter__(self) -> Self:
        for left in reversed(range(self.TRIES)):
            try:
                self._start()
            except BaseException as failure:
                self.stop()
                if not left or not isinstance(failure, TimeoutError):
                    raise
            else:
                return self
        raise AssertionError("the last try returns or raises")

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @abstractmethod
    def _start(self) -> None:
        """One try; `stop` cleans up after it, however far it came."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it; safe to call twice."""


class ProcessServer(Server):
    """A server that is one or more processes with a folder that goes away with them.

    `NAME`: for messages. `ENDED`: what is raised when a process ends while the server starts; a TimeoutError where that
    may be a port that was taken.

    Attributes:
        folder: of its log and its data; `_start` makes it.
    """

    NAME: ClassVar[str]
    ENDED: ClassVar[type[Exception]] = TimeoutError

    folder: Path

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def stop(self) -> None:
        """Ends the process groups at once: there is nothing to save. Safe to call twice."""
        self._kill()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def pause(self) -> None:
        """The server keeps its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undoes `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._processes
        for process in self._processes:
            os.killpg(process.pid, number)

    def _kill(self) -> None:
        for process in reversed(self._processes):
            kill(process)
        self._processes.clear()

    def _run(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        process = start(command, env, self.folder / LOG, cwd)
        self._processes.append(process)
        return process

    def _wait(self, ready: Callable[[], object], seconds: float) -> None:
        """Polls until it is ready.

        Raises:
            TimeoutError: it was not in time. ENDED: a process ended. Both with the end of the log.
        """
        deadline = time.monotonic() + seconds
        while True:
            # first: whoever took the port of a server that has ended may answer in its place
            if any(process.poll() is not None for process in self._processes):
                raise self.ENDED(f"{self.NAME} ended while it started: {self._said()}")
            if ready():
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.NAME} was not ready after {seconds:.0f} s: {self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        return (self.folder / LOG).read_text(errors="replace")[-2_000:]
