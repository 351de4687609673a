"""What the terminal gets: documents and answers on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TextIO


def prepare_streams() -> None:
    """Lets nothing fail for a character that the terminal's encoding lacks, or for a stream that was closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - as long as the process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def print_json(document: object) -> None:
    """One document on stdout, nothing else goes there."""
    import json

    # Escapes of the codec (`\xe9`) would not be JSON, those of json are.
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print_line(json.dumps(document, ensure_ascii=ascii_only, indent=2, default=str))


def print_line(text: str = "", *, file: TextIO | None = None) -> None:
    """A line."""
    stream = file or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def note(text: str) -> None:
    """A line for the person who waits, on stderr."""
    print_line(f"· {text}", file=sys.stderr)


def on_terminal() -> bool:
    """Whether a person sees stdout: colours and redrawing are welcome there, and nowhere else."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def dim(text: str) -> str:
    """In the terminal's faint colour; as it is when nobody sees it."""
    return f"\x1b[2m{text}\x1b[0m" if on_terminal() and not os.environ.get("NO_COLOR") else text


def failure_document(code: str, message: str, hint: str | None, tool: str | None = None) -> dict[str, Any]:
    """The envelope of a failure: a tool's for `call`, `{"error": …}` elsewhere."""
    error = {"code": code, "message": message, "hint": hint}
    if tool is None:
        return {"error": error}
    from tools.contract import ErrorInfo, ToolResult

    return ToolResult(tool=tool, status="error", error=ErrorInfo.model_validate(error)).model_dump()
