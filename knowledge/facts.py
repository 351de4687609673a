"""The facts that the knowledge base must hold, and the check that each stands in both languages (``facts.yaml``).

A fact names its article and, for each language, the words by which it is recognised there. Several words are looked
for in one section, so that a number and what it is about do not come from two different places.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from knowledge.language import LANGUAGES
from knowledge.loader import Article, Problem

__all__ = ["FACTS_FILE", "check"]

FACTS_FILE = Path(__file__).with_name("facts.yaml")


def check(articles: Iterable[Article], path: Path = FACTS_FILE) -> Iterator[Problem]:
    """Yield facts that are malformed, that name an unknown article, or whose words no section of it holds together."""
    known = {(article.id, article.lang): article for article in articles}
    for line, fact in _facts(path):
        reason = _malformed(fact)
        if reason:
            yield Problem(path.name, line, reason)
            continue
        for lang in LANGUAGES:
            article = known.get((fact["article"], lang))
            if article is None:
                yield Problem(path.name, line, f"no article {lang}/{fact['article']}.md")
            elif not _stands(article, fact[lang]):
                words = ", ".join(repr(word) for word in fact[lang])
                yield Problem(path.name, line, f"no section of {article.file} holds {words}: {fact['fact']}")


def _facts(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Each fact with the line where it starts."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for node, fact in zip(root.value if root else (), yaml.safe_load(text) or (), strict=True):
        yield node.start_mark.line + 1, fact


def _malformed(fact: object) -> str:
    if not isinstance(fact, dict) or set(fact) != {"fact", "article", *LANGUAGES}:
        return f"a fact has exactly the keys fact, article, {', '.join(LANGUAGES)}"
    lists = all(isinstance(fact[lang], list) and fact[lang] for lang in LANGUAGES)
    words = lists and all(isinstance(word, str) and word for lang in LANGUAGES for word in fact[lang])
    return "" if words else "the words of a language are a list of strings"


def _stands(article: Article, words: Sequence[str]) -> bool:
    wanted = [_plain(word) for word in words]
    texts = (_plain(f"{section.heading}\n{section.text}") for section in article.sections)
    return any(all(word in text for word in wanted) for text in texts)


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())
