"""What the terminal gets: documents and answers on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO


def print_json(document: object) -> None:
    """One document on stdout, nothing else goes there."""
    print_line(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_line(text: str, *, file: TextIO | None = None) -> None:
    """A line; characters that the terminal's encoding lacks are escaped instead of failing."""
    stream = file or sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def note(text: str) -> None:
    """A line for the person who waits, on stderr."""
    print_line(f"· {text}", file=sys.stderr)


def failure_document(code: str, message: str, hint: str | None, tool: str | None = None) -> dict[str, Any]:
    """The envelope of a failure: a tool's for `call`, `{"error": …}` elsewhere."""
    error = {"code": code, "message": message, "hint": hint}
    if tool is None:
        return {"error": error}
    from tools.contract import ErrorInfo, ToolResult

    return ToolResult(tool=tool, status="error", error=ErrorInfo.model_validate(error)).model_dump()
