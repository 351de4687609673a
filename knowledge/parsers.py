"""Says whether a code block of an article parses, for the languages that a parser is at hand for.

Shell, Ruby and JavaScript are checked by their own interpreters, which parse and run nothing; where one is not
installed its blocks pass.
"""

import ast
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable

import yaml

__all__ = ["complaint"]

_TIMEOUT_S = 20
_PLACEHOLDER = re.compile(r"<[A-Za-z][\w :|-]*>")  # what a reader fills in; to a shell it would be a redirection


def complaint(language: str, code: str) -> tuple[int, str] | None:
    """How many lines below the first line of the code an error stands, and what it is; None when it parses."""
    parser = _PARSERS.get(language)
    return parser(code) if parser else None


def _python(code: str) -> tuple[int, str] | None:
    try:
        ast.parse(code)
    except SyntaxError as error:
        return max((error.lineno or 1) - 1, 0), error.msg
    return None


def _yaml(code: str) -> tuple[int, str] | None:
    try:
        list(yaml.safe_load_all(code))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return (mark.line if mark else 0), str(getattr(error, "problem", None) or error).split("\n")[0]
    return None


def _document(load: Callable[[str], object]) -> Callable[[str], tuple[int, str] | None]:
    def parse(code: str) -> tuple[int, str] | None:
        try:
            load(code)
        except ValueError as error:  # TOML and JSON errors
            found = re.search(r"line (\d+)", str(error))
            return (int(found[1]) - 1 if found else 0), str(error).split("\n")[0]
        return None

    return parse


def _interpreter(*command: str) -> Callable[[str], tuple[int, str] | None]:
    """Asks an interpreter to check the syntax of its standard input."""

    def parse(code: str) -> tuple[int, str] | None:
        if shutil.which(command[0]) is None:
            return None
        text = _PLACEHOLDER.sub("x", code)
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode == 0:
            return None
        found = re.search(r"(?:line |-:|stdin\]:)(\d+)", done.stderr)
        words = [line for line in done.stderr.splitlines() if "rror" in line or "unexpected" in line]
        return (int(found[1]) - 1 if found else 0), (words or [done.stderr.strip()])[0][:200]

    return parse


_PARSERS: dict[str, Callable[[str], tuple[int, str] | None]] = {
    "python": _python,
    "py": _python,
    "yaml": _yaml,
    "yml": _yaml,
    "toml": _document(tomllib.loads),
    "json": _document(json.loads),
    "bash": _interpreter("bash", "-n"),
    "sh": _interpreter("bash", "-n"),
    "ruby": _interpreter("ruby", "-c"),
    "javascript": _interpreter("node", "--check", "--input-type=module", "-"),
    "js": _interpreter("node", "--check", "--input-type=module", "-"),
}
