"""The answer to a measurement: rates, trend, time to drain, and depth over time as a small plot."""

from __future__ import annotations

from typing import Any

from agent.embedded.compose.facts import value
from agent.embedded.compose.markup import block, code, paragraphs, refs, table, without_empty
from agent.embedded.texts import maybe, say
from agent.embedded.turn import Outcome, Turn, rows, sequence
from tools.monitoring.plots import plot

_QUEUES = 12
_PLOTS = 3
_WIDTH, _HEIGHT = 48, 6
_SENTENCES = 3
_RATES = ("arrival_per_s", "completion_per_s", "failure_per_s")


def measurement(turn: Turn, outcome: Outcome) -> str:
    """A sentence for the queues that matter most, a table of all, a plot of those that move."""
    lang, queues = turn.lang, rows(outcome.data.get("queues"))
    if not queues:
        return say(lang, "measure.nothing", target=code(outcome.args.get("target")))
    seconds = outcome.data.get("seconds")
    head = say(lang, "measure.head", target=code(outcome.args.get("target")), seconds=seconds)
    ordered = sorted(queues, key=_interest)
    sentences = " ".join(_sentence(lang, queue, outcome) for queue in ordered[:_SENTENCES])
    plots = [_plot(lang, queue) for queue in ordered if _holds_work(queue)]
    return paragraphs(head, sentences, _table(lang, queues[:_QUEUES]), *plots[:_PLOTS])


def _interest(queue: dict[str, Any]) -> tuple[int, float]:
    order = {"growing": 0, "draining": 1, "steady": 2}
    depths = [p[1] for p in _points(queue)]
    return order.get(str(queue.get("trend")), 3), -(depths[-1] if depths else 0.0)


def _sentence(lang: str, queue: dict[str, Any], outcome: Outcome) -> str:
    trend, drain = queue.get("trend"), queue.get("drain_s")
    known = maybe(lang, f"trend_sentence.{trend}", queue=code(queue.get("name")))
    text = known or say(lang, "trend_sentence.unknown", queue=code(queue.get("name")))
    if drain is not None and trend != "growing":
        text += f" {say(lang, 'measure.drain', drain=drain)}"
    subject = f"{outcome.args.get('target')}/{queue.get('name')}"
    ids = [e.get("id") for e in outcome.evidence if e.get("subject") == subject]
    return text.rstrip(".") + refs(ids[:4]) + "."


def _table(lang: str, queues: list[dict[str, Any]]) -> str:
    head = [say(lang, f"column.{name}") for name in ("queue", "framework", *_RATES, "trend", "drain")]
    lines: list[list[str | None]] = [
        [
            code(queue.get("name")),
            queue.get("framework"),
            *(_number(lang, queue.get(rate)) for rate in _RATES),
            (maybe(lang, f"trend.{queue['trend']}") or code(queue["trend"])) if queue.get("trend") else None,
            None if queue.get("drain_s") is None else value(lang, queue["drain_s"], "s"),
        ]
        for queue in queues
    ]
    return table(*without_empty(head, lines, say(lang, "value.unknown")))


def _plot(lang: str, queue: dict[str, Any]) -> str | None:
    points = _points(queue)
    if len(points) < 2:
        return None
    title = say(lang, "measure.plot", queue=code(queue.get("name")))
    drawn = plot(points, width=_WIDTH, height=_HEIGHT).split("\n")
    return paragraphs(title, block(drawn, "text"))


def _points(queue: dict[str, Any]) -> list[tuple[float, float]]:
    pairs = (p for p in sequence(queue.get("points")) if isinstance(p, list) and len(p) == 2)
    return [(float(t), float(depth)) for t, depth in pairs if _is_number(t) and _is_number(depth)]


def _holds_work(queue: dict[str, Any]) -> bool:
    depths = {depth for _, depth in _points(queue)}
    return bool(depths - {0.0})


def _number(lang: str, amount: Any) -> str | None:
    return value(lang, amount) if _is_number(amount) else None


def _is_number(amount: object) -> bool:
    return isinstance(amount, (int, float)) and not isinstance(amount, bool)
