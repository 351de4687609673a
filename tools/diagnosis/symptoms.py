"""What people say they see, by cause: beginnings of words in two languages. Only the order of findings hangs on it."""

from __future__ import annotations

import re

_WAITING = (
    "back",
    "pil",
    "wait",
    "pending",
    "consum",
    "process",
    "nothing",
    "коп",
    "раст",
    "ждут",
    "стоит",
    "обраб",
    "висят",
)
_HANGING = ("stuck", "hang", "hung", "frozen", "freez", "завис", "застр", "висит", "висят")

STEMS: dict[str, tuple[str, ...]] = {
    "no-consumers": _WAITING,
    "queue-mismatch": (*_WAITING, "rout", "wrong", "маршрут"),
    "paused": ("paus", "cancel", "пауз", "отмен", "приостан"),
    "consumer-stalled": (*_HANGING, "idle", "respond", "answer", "простаив", "отвеч"),
    "workers-lost": ("kill", "crash", "died", "dead", "lost", "oom", "убит", "упал", "потер", "пропал"),
    "backlog-growing": ("grow", "back", "pil", "behind", "slow", "раст", "коп", "медлен", "отста"),
    "backlog-draining": ("drain", "разгреб"),
    "prefetch-hoarding": ("prefetch", "idle", "uneven", "простаив", "неравн"),
    "unacked-pileup": ("unack", "acknowl", "неподтв", "eta"),
    "stuck-jobs": (*_HANGING, "long", "slow", "долг", "медлен"),
    "eviction-risk": ("evict", "disappear", "lost", "lose", "вытес", "пропад", "теря"),
    "memory-pressure": ("memor", "ram", "oom", "памят"),
    "broker-refusing-writes": (
        "memor",
        "full",
        "oom",
        "write",
        "refus",
        "readonly",
        "памят",
        "полон",
        "запис",
        "отказ",
    ),
    "result-bloat": ("result", "memor", "reply", "результ", "памят", "ответ"),
}


def fits(symptom: str, cause: str) -> bool:
    """Whether a word of the symptom begins like one that people use for the cause."""
    words = re.findall(r"\w+", symptom.casefold())
    return any(word.startswith(STEMS.get(cause, ())) for word in words)
