"""Answers from the knowledge base: the best section's own sentences with its id, and where to read on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.embedded.compose.excerpt import excerpt
from agent.embedded.compose.markup import code, paragraphs
from agent.embedded.texts import say
from agent.embedded.turn import Outcome, Turn, rows

# A score says where a section stands between the best and the worst of both rankings (`knowledge.search`): below this
# the two rankings do not agree on it.
WEAK_SCORE = 0.55
_RELATED = 3
_CITATIONS = 2

Section = dict[str, Any]


def has_answer(turn: Turn) -> bool:
    """Whether the knowledge base has something on the question."""
    return bool(turn.sections) and not turn.off_topic


def is_weak(sections: Sequence[Section]) -> bool:
    """Whether even the best section is a doubtful match."""
    score = sections[0].get("score") if sections else None
    return isinstance(score, (int, float)) and score < WEAK_SCORE


def answer(turn: Turn, *, doubtful: bool = False) -> str:
    """The best section's key sentences, said to be a weak match where they are one."""
    lead = say(turn.lang, "knowledge.weak") if doubtful or is_weak(turn.sections) else None
    return paragraphs(lead, quote(turn, turn.sections[0]), related(turn, turn.sections[1:]))


def quote(turn: Turn, section: Section) -> str:
    """Heading, the section's own sentences, and its id."""
    lang = turn.lang
    head = f"**{section.get('heading') or section.get('title') or section['id']}** [{section['id']}]"
    foreign = section.get("lang") not in {lang, None}
    return paragraphs(
        say(lang, "knowledge.foreign", other=say(lang, f"language.{section.get('lang')}")) if foreign else None,
        head,
        excerpt(str(section["text"]), turn.question),
    )


def related(turn: Turn, sections: Sequence[Section]) -> str | None:
    """Where to read on, in one line."""
    near = [s for s in sections if not is_weak([s])][:_RELATED]
    listed = "; ".join(f"{s.get('heading') or s.get('title')} [{s['id']}]" for s in near)
    return say(turn.lang, "knowledge.related", list=listed) if listed else None


def found(turn: Turn, outcome: Outcome) -> str:
    """The answer to `search_knowledge`: the first hit quoted, the others named."""
    hits = [h for h in rows(outcome.data.get("hits") or outcome.data.get("sections")) if h.get("id") and h.get("text")]
    if not hits or outcome.data.get("off_topic"):
        return say(turn.lang, "knowledge.nothing_for", query=code(outcome.args.get("query")))
    lead = say(turn.lang, "knowledge.weak") if is_weak(hits) else None
    return paragraphs(lead, quote(turn, hits[0]), related(turn, hits[1:]))


def sources(turn: Turn, ids: Sequence[str]) -> str | None:
    """One line that cites at most two sections: those the findings name, in their order, else retrieved ones on the
    same articles. An article without a section is cited by a retrieved section of it, if there is one."""
    articles = {i.partition("#")[0] for i in ids}
    near = [str(s["id"]) for s in turn.sections if str(s["id"]).partition("#")[0] in articles]
    cited = [next((n for n in near if n.startswith(f"{i}#")), i) if "#" not in i else i for i in ids]
    chosen = list(dict.fromkeys([*cited[:1], *near, *cited[1:]]))[:_CITATIONS]
    if not chosen:
        return None
    headings = {str(s["id"]): s.get("heading") or s.get("title") for s in turn.sections}
    listed = "; ".join(f"{headings[i]} [{i}]" if headings.get(i) else f"[{i}]" for i in chosen)
    return say(turn.lang, "knowledge.sources", list=listed)
