"""Which numbers and queue names of a draft stand in no evidence, no cited section and no question."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_NUMBER = re.compile(r"(?<![\w./:@#-])[-−]?\d[\d   ,.]*\d|(?<![\w./:@#-])\d")
_SKIP = re.compile(
    r"```.*?```"  # code is checked by whoever runs it
    r"|`[^`\n]*`"
    r"|\[[\w./#-]+\]"  # references to evidence and sections
    r"|^\s*(?:\d+[.)]|#+|[-*])\s"  # list marks
    r"|\b[A-Za-z]+ ?v?\d+(?:\.\d+)*(?:\.x)?\b",  # versions: Celery 5.7
    re.S | re.M,
)
_QUEUE = re.compile(r"(?i)\b(?:queues?|очеред\w*)\s+[`«\"']([\w.:/-]+)[`»\"']")
# Units that tools' texts convert to: bytes, seconds, shares.
_SCALES = (1.0, 1 / 1024, 1 / 1024**2, 1 / 1024**3, 1 / 60, 1 / 3_600, 1 / 86_400, 100.0, 60.0, 1_000.0)


def unsupported(draft: str, documents: Iterable[Any], texts: Iterable[str]) -> list[str]:
    """Numbers and queue names of `draft` that nothing supports, as they stand there.

    Args:
        documents: tool results.
        texts: sections, the question and earlier answers.
    """
    corpus = [*(json.dumps(d, ensure_ascii=False) for d in documents), *texts]
    known = _values(documents, corpus)
    prose = _SKIP.sub(" ", draft)
    wrong = [m.group().strip() for m in _NUMBER.finditer(prose) if not _supported(m.group(), known)]
    everything = "\n".join(corpus)
    wrong += [m.group(1) for m in _QUEUE.finditer(draft) if m.group(1) not in everything]
    return list(dict.fromkeys(wrong))


def normalized(number: str) -> float | None:
    """1,000 = 1 000 = 1000; 0,5 = 0.5. None when it is no number."""
    text = re.sub(r"[   ]", "", number).replace("−", "-").rstrip(".,")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return None


def _values(documents: Iterable[Any], corpus: list[str]) -> set[float]:
    found = {
        v
        for text in corpus
        for m in re.finditer(r"-?\d[\d   ,]*(?:\.\d+)?", text)
        if (v := normalized(m.group())) is not None
    }
    # a row of numbers in JSON ("1,2,3") reads as one above: take each alone as well
    found |= {float(m) for text in corpus for m in re.findall(r"\d+(?:\.\d+)?", text)}
    return found | {float(n) for document in documents for n in _sizes(document)}


def _sizes(node: Any) -> Iterable[int]:
    """How many there are is a fact of the result as well."""
    if isinstance(node, dict):
        for value in node.values():
            yield from _sizes(value)
    elif isinstance(node, list):
        yield len(node)
        for value in node:
            yield from _sizes(value)


def _supported(text: str, known: set[float]) -> bool:
    value = normalized(text)
    if value is None:
        # "10 000, 500": a pair that only looks like one number
        return all(_supported(part, known) for part in re.split(r"[,.]\s|[,.]$", text) if part and part != text)
    value = abs(value)
    decimals = len(str(value).rstrip("0").partition(".")[2])
    tolerance = 0.5 * 10**-decimals + 1e-9
    return any(abs(abs(k) * scale - value) <= tolerance for k in known for scale in _SCALES)
