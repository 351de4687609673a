"""Text from brokers, logs and articles is data: cleaned, capped, and kept inside a marked block.

The block is `<untrusted source="…">…</untrusted>`. Angle brackets inside are replaced by their JSON escapes, so no
text can end the block, and what stands inside remains one JSON document.
"""

from __future__ import annotations

import json
import re
import unicodedata

OPEN = "<untrusted source="
CLOSE = "</untrusted>"

_BLOCK = re.compile(r'<untrusted source="([^"<>]*)">\n(.*?)\n</untrusted>', re.S)


def clean(text: str, limit: int | None = None) -> str:
    """The text without control, zero-width, bidirectional and tag characters; cut at `limit` characters with a mark."""
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    if limit is not None and len(kept) > limit:
        return f"{kept[:limit]}… [+{len(kept) - limit}]"
    return kept


def clean_data(value: object, limit: int = 2_000) -> object:
    """`clean` for every string in nested data."""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, dict):
        return {clean(str(k), limit): clean_data(v, limit) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_data(v, limit) for v in value]
    return value


def wrap(source: str, document: object) -> str:
    """A marked block that holds `document` as one line of JSON."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    body = body.replace("<", "\\u003c").replace(">", "\\u003e")
    name = re.sub(r"[^\w./:-]", "_", source)[:80]
    return f'{OPEN}"{name}">\n{body}\n{CLOSE}'


def unwrap(text: str) -> list[tuple[str, object]]:
    """Every (source, document) of a text that `wrap` made; blocks that do not parse are left out."""
    found: list[tuple[str, object]] = []
    for match in _BLOCK.finditer(text):
        try:
            found.append((match.group(1), json.loads(match.group(2))))
        except json.JSONDecodeError:
            continue
    return found
