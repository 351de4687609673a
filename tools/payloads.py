"""Describes a message body of which nothing is known: text and JSON are shown short and redacted, the rest is named.

Nothing is ever unpickled, and what a compressed body may grow to is bounded. The answer is data, not a sentence: the
text itself, or one JSON object such as `{"body": "withheld", "format": "pickle", "bytes": 120}`.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tools.redact import redact, redact_data
from tools.untrusted import clean

# What of a body is looked at: parsing costs time, and a summary shows a fraction of it.
MOST_PARSED = 1_000_000
MOST_INFLATED = 100_000
MOST_DEPTH = 6
MOST_ITEMS = 50
_GZIP = b"\x1f\x8b"
# zlib's first byte for a window of 32 KiB, then one of its four check bytes (RFC 1950).
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def summary_of(body: bytes, limit: int = 300) -> str:
    """The body in at most about `limit` characters, redacted.

    JSON is shown as JSON, text as text (also truncated JSON), gzip and zlib by what they hold, format first.
    Pickles, MessagePack and other binary data are withheld: only their format and size are given.
    """
    if kind := _compressed(body):
        inner, whole = _inflated(body, kind)
        if inner is None:
            return _withheld(kind, len(body), malformed=True)
        return f"{kind}: {summary_of(inner, limit)}" if whole else f"{kind}, truncated: {summary_of(inner, limit)}"
    if _pickle(body):
        return _withheld("pickle", len(body))
    text = _text(body)
    if text is None:
        return _withheld("msgpack" if _msgpack(body) else "binary", len(body))
    document = _json(text)
    if isinstance(document, (dict, list)):
        said = json.dumps(redact_data(_Shortener(2 * limit).short(document)), ensure_ascii=False, default=str)
        return _cut(clean(said), limit)
    if _pickle(_decoded(text)):
        return _withheld("base64 pickle", len(body))
    return _cut(clean(redact(_Shortener(2 * limit).text(text))), limit)


def _withheld(kind: str, size: int, *, malformed: bool = False) -> str:
    facts: dict[str, Any] = {"body": "withheld", "format": kind, "bytes": size}
    return json.dumps(facts | ({"malformed": True} if malformed else {}))


def _compressed(body: bytes) -> str | None:
    if body.startswith(_GZIP):
        return "gzip"
    return "zlib" if body[:2] in _ZLIB and len(body) > 8 else None


def _inflated(body: bytes, kind: str) -> tuple[bytes | None, bool]:
    """At most `MOST_INFLATED` bytes of what was compressed, and whether that is all."""
    reader = zlib.decompressobj(31 if kind == "gzip" else 15)
    try:
        inner = reader.decompress(body[:MOST_PARSED], MOST_INFLATED)
    except zlib.error:
        return None, False
    return inner, reader.eof


def _pickle(body: bytes) -> bool:
    """Protocols 2 and later begin with their number, and all end with the opcode STOP."""
    return len(body) > 2 and body[0] == 0x80 and 2 <= body[1] <= 5 and body.rstrip(b"\x00").endswith(b".")


def _msgpack(body: bytes) -> bool:
    """A map or an array at the outside, as frameworks write it: by the first byte alone."""
    first = body[0] if body else 0
    return 0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF


def _text(body: bytes) -> str | None:
    """UTF-8 text; None for what is none, or has control characters beyond white space."""
    try:
        text = body[:MOST_PARSED].decode("utf-8", "strict" if len(body) <= MOST_PARSED else "ignore")
    except UnicodeDecodeError:
        return None
    controls = sum(c < " " and c not in "\t\r\n" for c in text[:2_000])
    return None if controls > len(text[:2_000]) // 20 else text


def _json(text: str) -> Any:
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _decoded(text: str) -> bytes:
    """Bytes of a text that is base64 as a whole; empty when it is not."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _cut(text: str, limit: int) -> str:
    return f"{text[:limit]}… [+{len(text) - limit}]" if len(text) > limit else text


@dataclass
class _Shortener:
    """Bounds what the redactor has to read; a long text is cut at a blank, so that no half of a secret shows."""

    left: int

    def short(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, Mapping)) and (depth >= MOST_DEPTH or self.left <= 0):
            return "…"
        if isinstance(value, Mapping):
            return {self.text(str(k)): self.short(value[k], depth + 1) for k in islice(value, MOST_ITEMS)}
        if isinstance(value, list):
            return [self.short(item, depth + 1) for item in value[:MOST_ITEMS]]
        self.left -= 4
        return value

    def text(self, value: str) -> str:
        limit = max(0, self.left)
        self.left -= min(len(value), limit) + 1
        if len(value) <= limit:
            return value
        kept = value[:limit].rpartition(" ")[0]
        return f"{kept}… [+{len(value) - len(kept)}]"
