"""What the stubs' worlds of the contract suite share: a file in a folder of its own, written anew with each `put`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import yaml


class FileWorld:
    """`async with StubWorld() as world:`, where a system's `StubWorld` extends this and has `put` and `counts`.

    Attributes:
        system: in the URL's scheme.
        hostile: names that the system allows.
        options: that the target takes.
    """

    system: ClassVar[str]
    hostile: ClassVar[list[str]]
    peeks = True
    empty_name = "no-such-queue"

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="queuewright-stub-")
        self._file = Path(self._folder.name) / "world.yaml"
        self.write()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"{self.system}+stub://{self._file}"

    def document(self) -> dict[str, Any]:
        """The world as it stands, in the words of the stub's file."""
        raise NotImplementedError

    def write(self) -> None:
        """The file, after a change."""
        self._file.write_text(yaml.safe_dump(self.document()), encoding="utf-8")
