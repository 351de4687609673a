"""Keeps the two languages of the knowledge base equal in substance: ``python -m knowledge.lint [ARTICLES_DIR]``.

Prints ``file:line: message`` for each finding and exits with 1 when there is any: everything the loader complains
about, code or numbers that stand in one language only, code blocks that do not parse, a question asked in two articles,
a fact of ``facts.yaml`` that is nowhere.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge import facts, parsers, questions
from knowledge.loader import ARTICLES_DIR, Article, Problem, load

__all__ = ["lint", "main"]

_FENCE = re.compile(r"\s*(```+|~~~+)\s*([\w+-]*)")
_SPAN = re.compile(r"(`+)(.+?)\1")
_SPACES = " \u00a0\u2009\u202f"
# 10,000 and 0.5 in English; 10 000 and 0,5 in Russian. A version such as 4.3 is written alike in both.
_NUMBERS = {
    "en": re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|[.,]\d)"),
    "ru": re.compile(rf"(?<![\w.,])(?:\d{{1,3}}(?:[{_SPACES}]\d{{3}})+|\d+)(?:[.,]\d+)?(?![\w]|[.,]\d)"),
}
_UNIT = re.compile(
    rf"[{_SPACES}]?(?:%|(?:[kKMGT]i?B|ms|min|s|h|d|hours?|minutes?|seconds?|days?|bytes?|messages?|characters?"
    r"|[КМГТ]и?Б|КБ|мс|мин|с|ч|сут|час\w*|минут\w*|секунд\w*|дн\w+|день|байт\w*|сообщен\w+|символ\w*)\b)"
)


@dataclass(frozen=True, slots=True)
class _Block:
    """A fenced code block: its language, the line where its code starts, the code."""

    language: str
    line: int
    code: str


def lint(articles_dir: Path = ARTICLES_DIR) -> list[Problem]:
    """Every problem of the articles and of the example questions, sorted by file and line."""
    base = load(articles_dir, strict=True)
    found = list(base.problems)
    by_id: dict[str, list[Article]] = {}
    for article in base.articles:
        by_id.setdefault(article.id, []).append(article)
        found += _check_blocks(article)
    for first, second in by_id.values():
        found += _one_sided(first, second)
        found += _one_sided(second, first)
    found += questions.repeated(base.articles)
    if articles_dir == ARTICLES_DIR:
        found += facts.check(base.articles)
    return sorted(set(found), key=lambda problem: (problem.file, problem.line, problem.reason))


def main(arguments: list[str]) -> int:
    """Print the findings; returns the exit code."""
    found = lint(Path(arguments[0]) if arguments else ARTICLES_DIR)
    for problem in found:
        sys.stdout.write(f"{problem}\n")
    return 1 if found else 0


def _check_blocks(article: Article) -> Iterator[Problem]:
    """Code blocks that do not parse, or do not say what they are."""
    for block in _blocks(article):
        if not block.language:
            yield Problem(article.file, block.line - 1, "code block without a language")
        wrong = parsers.complaint(block.language, block.code)
        if wrong:
            yield Problem(article.file, block.line + wrong[0], f"{block.language} does not parse: {wrong[1]}")


def _one_sided(article: Article, other: Article) -> Iterator[Problem]:
    """Code spans, numbers with a unit, and numbers in code that the other language does not have."""
    spans = {_plain(span) for _, span in _spans(other)}
    elsewhere = _plain(other.source)
    for line, span in _spans(article):
        if _plain(span) not in spans and _plain(span) not in elsewhere:
            yield Problem(article.file, line, f"code span `{span}` is not in {other.file}")
    numbers = {number for _, number in _numbers(other, every=True)}
    for line, number in _numbers(article, every=False):
        if number not in numbers:
            yield Problem(article.file, line, f"number {number} is not in {other.file}")


def _lines(article: Article) -> Iterator[tuple[int, str, bool]]:
    """Line number, line, whether it is inside a code block; front matter and fences are left out."""
    lines = article.source.replace("\r\n", "\n").split("\n")
    start = lines.index("---", 1) + 1
    fence = ""
    for number, line in enumerate(lines[start:], start + 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            continue
        yield number, line, bool(fence)


def _blocks(article: Article) -> Iterator[_Block]:
    lines = article.source.replace("\r\n", "\n").split("\n")
    start: tuple[str, str, int] | None = None
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if not mark or (start and not mark[1].startswith(start[0])):
            continue
        if start:
            yield _Block(start[1], start[2], "\n".join(lines[start[2] - 1 : number - 1]))
        start = None if start else (mark[1], mark[2].lower(), number + 1)


def _spans(article: Article) -> Iterator[tuple[int, str]]:
    for number, line, inside in _lines(article):
        if not inside:
            yield from ((number, match[2].strip()) for match in _SPAN.finditer(line))


def _numbers(article: Article, *, every: bool) -> Iterator[tuple[int, str]]:
    """Line and normalised number; without ``every`` only numbers in code blocks, and in prose those with a unit."""
    for line_number, line, inside in _lines(article):
        text = line if inside else _SPAN.sub(lambda match: match[0] if every else " ", line)
        pattern = _NUMBERS["en"] if inside else _NUMBERS[article.lang]
        for match in pattern.finditer(text.partition("#")[0] if inside else text):
            if every or inside or _UNIT.match(text, match.end()):
                yield line_number, _normal(match[0])


def _normal(number: str) -> str:
    """10,000 and 10 000 become 10000; 0,5 becomes 0.5."""
    joined = re.sub(rf"[{_SPACES}]", "", number)
    joined = re.sub(r",(?=\d{3}(?:\D|$))", "", joined) if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", joined) else joined
    return joined.replace(",", ".")


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u00a0", " "))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
