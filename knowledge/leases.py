"""Who is using an index directory, so that cleaning up never takes one away from a process that reads it.

A lease is a shared lock of the operating system on a file in the directory: it ends with the process, however that
ends. Where the system has no such locks, every directory counts as used and nothing is removed.
"""

import os
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

__all__ = ["Lease", "is_idle"]

_FILE = ".lease"


class Lease:
    """A shared claim on a directory; raises ``OSError`` when the directory is gone or about to be."""

    def __init__(self, directory: Path) -> None:
        self._file = _open(directory)
        try:
            if fcntl:
                fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(self._file.fileno()), (directory / _FILE).stat()):
                raise FileNotFoundError(f"{directory} was replaced while it was being opened")
        except OSError:
            self._file.close()
            raise

    def close(self) -> None:
        """Give the claim up."""
        self._file.close()


def is_idle(directory: Path) -> bool:
    """Whether no process, this one included, holds a lease on the directory."""
    if not fcntl:
        return False
    try:
        with _open(directory) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _open(directory: Path) -> IO[bytes]:
    return os.fdopen(os.open(directory / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b")
