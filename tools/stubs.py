"""What the stubs of all systems share: a world in a YAML file, checked by its model and read again when it changes.

A target names the file as `SYSTEM+stub:///path/world.yaml`: absolute, else relative to the working directory.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tools.errors import Unsupported
from tools.targets import Target

M = TypeVar("M", bound=BaseModel)


class World(Generic[M]):
    """The world of a target's file, or one that is given.

    Args:
        model: of the whole file.
        given: plain data in place of the file, for tests in code.

    Raises:
        Unsupported: the file is missing, or says what the model does not know.
    """

    def __init__(self, target: Target, model: type[M], given: Any = None) -> None:
        self._target = target
        self._model = model
        self._path = _path_of(target) if given is None else None
        self._stamp = self._stamped(self._path) if self._path else None
        self._document = self._checked(self._loaded(self._path) if self._path else given)
        self._read_at = time.monotonic()

    def current(self) -> M:
        """The world as it stands now; a file that went bad is an error until it is mended.

        Raises:
            Unsupported: as above.
        """
        if self._path and (stamp := self._stamped(self._path)) != self._stamp:
            self._document = self._checked(self._loaded(self._path))
            self._stamp, self._read_at = stamp, time.monotonic()
        return self._document

    def grown(self, per_s: float) -> int:
        """What a rate has added since the world was last read; below zero it has drained."""
        return int(per_s * (time.monotonic() - self._read_at))

    def _stamped(self, path: Path) -> tuple[int, int]:
        try:
            found = path.stat()
        except OSError as error:
            raise self._unreadable(str(error)) from None
        return found.st_mtime_ns, found.st_size

    def _loaded(self, path: Path) -> Any:
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise self._unreadable(str(error)) from None
        return {} if found is None else found

    def _checked(self, given: Any) -> M:
        try:
            return self._model.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise self._unreadable(": ".join(filter(None, [".".join(map(str, first["loc"])), first["msg"]]))) from None

    def _unreadable(self, detail: str) -> Unsupported:
        system = self._target.scheme.removesuffix("+stub")
        path = str(self._path or self._target.path)
        return Unsupported("stub_unreadable", target=self._target.name, system=system, path=path, detail=detail)


def _path_of(target: Target) -> Path:
    path, relative = Path(target.path), Path(target.path.lstrip("/"))
    return relative if not path.is_file() and relative.is_file() else path
