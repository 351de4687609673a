"""Reads the articles: Markdown files with YAML front matter and anchored ``##`` sections, one file a language.

A knowledge base is edited by many hands, so one broken file must not take the rest down: it is left out and reported
as a ``Problem``. The lint asks for every problem, the running program only for those that cost an article.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from knowledge.language import LANGUAGES

__all__ = ["ARTICLES_DIR", "SYSTEMS", "Article", "Base", "Problem", "Section", "load", "parse"]

ARTICLES_DIR = Path(__file__).with_name("articles")
_SYSTEMS = """
redis rabbitmq sqs servicebus cloudtasks kafka kubernetes celery rq dramatiq huey taskiq arq sidekiq bullmq
"""
SYSTEMS = frozenset(_SYSTEMS.split())

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C: a tenth of the time

_ID = re.compile(r"[a-z0-9-]+/[a-z0-9-]+")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*")
_ANCHOR = re.compile(r"(.+?)\s*\{#([a-z0-9]+(?:-[a-z0-9]+)*)\}")
_FENCE = re.compile(r"\s*(```+|~~~+)")
_REQUIRED = ("id", "title", "summary", "systems", "topics", "updated", "sources", "asked")
_SHARED = ("systems", "topics", "updated")  # the same in both languages


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with an article: where, why, and whether the article had to be left out."""

    file: str
    line: int
    reason: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Section:
    """One answerable piece of an article; ``id`` is ``article#anchor`` and the same in every language."""

    id: str
    article: str
    anchor: str
    lang: str
    title: str
    heading: str
    summary: str
    text: str
    systems: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """One file: its front matter, its sections in order, and the lines where the sections start (from 1)."""

    id: str
    lang: str
    file: str
    meta: Mapping[str, Any]
    sections: tuple[Section, ...]
    section_lines: tuple[int, ...]
    source: str

    def line_of(self, key: str) -> int:
        """Line (from 1) where a field of the front matter stands."""
        return _line_of(self.source, key)


@dataclass(frozen=True, slots=True)
class Base:
    """Everything that could be read, and what could not."""

    articles: tuple[Article, ...]
    problems: tuple[Problem, ...]

    @property
    def sections(self) -> list[Section]:
        """All sections of all articles, in the order of the files."""
        return [section for article in self.articles for section in article.sections]


@dataclass(slots=True)
class _Reader:
    """Collects problems while one file is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def report(self, line: int, reason: str, *, fatal: bool = True) -> None:
        self.problems.append(Problem(self.file, line, reason, fatal))


def load(articles_dir: Path = ARTICLES_DIR, *, strict: bool = False) -> Base:
    """Read ``<dir>/<lang>/<area>/<name>.md`` for both languages.

    An article with a fatal problem, or without its other language, is left out. With ``strict`` the problems that did
    not cost an article are listed as well.
    """
    problems: list[Problem] = []
    articles: dict[tuple[str, str], Article] = {}
    for lang in LANGUAGES:
        for path in sorted((articles_dir / lang).rglob("*.md")):
            name = path.relative_to(articles_dir).as_posix()
            article, found = _read(path, name, lang)
            problems += found
            if article is None:
                continue
            if article.id == name.removeprefix(f"{lang}/").removesuffix(".md"):
                articles[article.id, lang] = article
                continue
            owner = f"{lang}/{article.id}.md"
            reason = "duplicate id: it is that of" if (articles_dir / owner).exists() else "id belongs to a file"
            problems.append(Problem(name, _line_of(article.source, "id"), f"{reason} {owner}"))
    paired = _paired(articles, problems)
    kept = problems if strict else [problem for problem in problems if problem.fatal]
    return Base(tuple(paired), tuple(sorted(kept, key=lambda problem: (problem.file, problem.line))))


def parse(text: str, file: str, lang: str) -> tuple[Article | None, list[Problem]]:
    """Parse one article; ``file`` is ``<lang>/<id>.md``. Returns no article when a problem is fatal."""
    reader = _Reader(file)
    lines = text.replace("\r\n", "\n").split("\n")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if lines[0].rstrip() != "---" or end is None:
        reader.report(1, "no front matter between two lines of ---")
        return None, reader.problems
    meta = _front_matter(reader, "\n".join(lines[1:end]))
    pieces = _split(reader, lines, end + 1)
    if not pieces:
        reader.report(end + 1, "no section: a heading such as '## What to do {#what-to-do}' is needed")
    if any(problem.fatal for problem in reader.problems):
        return None, reader.problems
    sections = tuple(_section(meta, lang, heading, anchor, body) for _, heading, anchor, body in pieces)
    article = Article(meta["id"], lang, file, meta, sections, tuple(piece[0] for piece in pieces), text)
    return article, reader.problems


def _read(path: Path, name: str, lang: str) -> tuple[Article | None, list[Problem]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(name, 1, f"cannot be read as UTF-8 text: {error}")]
    return parse(text, name, lang)


def _front_matter(reader: _Reader, text: str) -> dict[str, Any]:
    try:
        meta = _SafeLoader(text).get_single_data()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        reader.report(line, f"front matter is not YAML: {getattr(error, 'problem', None) or error}")
        return {}
    if not isinstance(meta, dict):
        reader.report(1, "front matter is not a mapping")
        return {}
    _check_fields(reader, meta, text)
    return meta


def _check_fields(reader: _Reader, meta: dict[str, Any], text: str) -> None:
    for key in _REQUIRED:
        if key not in meta or (key == "asked" and not meta[key]):
            reader.report(1, f"front matter lacks {key}", fatal=key in ("id", "title", "summary", "systems"))
            continue
        reason = _complaint(key, meta[key])
        if reason:
            reader.report(_line_of(text, key), reason, fatal=key != "updated")


def _complaint(key: str, value: object) -> str:
    """What is wrong with the value of a front-matter field; empty when nothing is."""
    if key == "updated":
        return "" if isinstance(value, datetime.date) else "updated must be a date such as 2026-11-24"
    if key in ("systems", "topics", "sources", "asked"):
        if not (isinstance(value, list) and all(isinstance(item, str) and item for item in value)):
            return f"{key} must be a list of strings"
        unknown = sorted(set(value) - SYSTEMS) if key == "systems" else []
        return f"unknown system {', '.join(unknown)}; known: {', '.join(sorted(SYSTEMS))}" if unknown else ""
    if not isinstance(value, str) or not value.strip() or "\n" in value.strip():
        return f"{key} must be one line of text"
    return f"id {value} is not of the form area/name" if key == "id" and not _ID.fullmatch(value) else ""


def _split(reader: _Reader, lines: list[str], start: int) -> list[tuple[int, str, str, str]]:
    """Cut the body at its ``##`` headings: (line, heading, anchor, text); an intro joins the first section's text."""
    pieces: list[tuple[int, str, str, list[str]]] = []
    intro: list[str] = []
    fence = ""
    for number, line in enumerate(lines[start:], start + 1):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence or mark else _HEADING.fullmatch(line)
        if heading and heading[1] == "##":
            found = _heading(reader, number, heading[2], {piece[2] for piece in pieces})
            pieces.append((number, *found, []))
            continue
        if heading:
            reader.report(number, f"a heading of level {len(heading[1])}: sections are '##' only", fatal=False)
        (pieces[-1][3] if pieces else intro).append(line)
    if fence:
        reader.report(len(lines), "a code block is not closed")
    if pieces and "".join(intro).strip():
        pieces[0] = (*pieces[0][:3], [*intro, "", *pieces[0][3]])
    for number, heading_text, _, body in pieces:
        if not "".join(body).strip():
            reader.report(number, f"section {heading_text!r} is empty")
    return [(number, text, anchor, "\n".join(body).strip()) for number, text, anchor, body in pieces]


def _heading(reader: _Reader, number: int, text: str, taken: Iterable[str]) -> tuple[str, str]:
    found = _ANCHOR.fullmatch(text)
    if found is None:
        reader.report(number, f"heading {text!r} has no {{#anchor}}")
        return text, ""
    if found[2] in taken:
        reader.report(number, f"anchor #{found[2]} is used twice")
    return found[1], found[2]


def _section(meta: Mapping[str, Any], lang: str, heading: str, anchor: str, body: str) -> Section:
    article = meta["id"]
    return Section(
        id=f"{article}#{anchor}", article=article, anchor=anchor, lang=lang,
        title=meta["title"].strip(), heading=heading, summary=meta["summary"].strip(), text=body,
        systems=tuple(meta["systems"]), topics=tuple(meta.get("topics") or ()),
    )  # fmt: skip


def _paired(articles: Mapping[tuple[str, str], Article], problems: list[Problem]) -> list[Article]:
    """Keep the articles that stand in every language; note where the two versions disagree."""
    paired: list[Article] = []
    for (article_id, lang), article in articles.items():
        others = [articles.get((article_id, other)) for other in LANGUAGES if other != lang]
        if None in others:
            missing = next(other for other in LANGUAGES if (article_id, other) not in articles)
            problems.append(Problem(article.file, 1, f"has no readable counterpart {missing}/{article_id}.md"))
            continue
        paired.append(article)
        if lang != LANGUAGES[0]:
            problems += _differences(articles[article_id, LANGUAGES[0]], article)
    return paired


def _differences(first: Article, second: Article) -> list[Problem]:
    """Front matter and anchors that should be equal and are not, reported on the second file."""
    found = [
        Problem(second.file, _line_of(second.source, key), f"{key} differs from {first.file}", fatal=False)
        for key in _SHARED
        if first.meta.get(key) != second.meta.get(key)
    ]
    ours, theirs = [[section.anchor for section in article.sections] for article in (second, first)]
    if ours != theirs:
        position = next((n for n, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), -1)
        reason = f"anchors differ from {first.file}: {', '.join(ours)} against {', '.join(theirs)}"
        found.append(Problem(second.file, second.section_lines[position], reason, fatal=False))
    return found


def _line_of(text: str, key: str) -> int:
    """Line (from 1) in the file where a front-matter key stands; ``text`` with or without the opening ``---``."""
    lines = text.split("\n")
    offset = 1 if lines[0].rstrip() == "---" else 2
    return next((n + offset for n, line in enumerate(lines) if line.startswith(f"{key}:")), 1)
