"""The service's ATOM documents into plain entries: a feed of queues, topics or subscriptions, or one entry.

Read from the same answer that the SDK got: its own objects split settings and counts into two listings of the same
document, which would double the requests, and they turn an absent element into None only after parsing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.brokers.servicebus.session import Entry

# XML namespaces of the management API, the same in all its versions so far (2017-04 to 2024-05).
ATOM = "{http://www.w3.org/2005/Atom}"
CONNECT = "{http://schemas.microsoft.com/netservices/2010/10/servicebus/connect}"
_DESCRIPTIONS = ("QueueDescription", "TopicDescription", "SubscriptionDescription")


class NotAtom(ValueError):
    """The answer is no document of the management API."""


def entries(document: Any) -> list[Entry]:
    """Entries of a feed, or the one of an entry document; an empty feed is what the service answers for nothing.

    Raises:
        NotAtom: neither.
    """
    tag = getattr(document, "tag", None)
    if tag == f"{ATOM}feed":
        return [_entry(element) for element in document.iter(f"{ATOM}entry")]
    if tag == f"{ATOM}entry":
        return [_entry(document)]
    raise NotAtom(f"neither feed nor entry: {str(tag or document)[:80]}")


def _entry(element: Any) -> Entry:
    title = element.find(f"{ATOM}title")
    if title is None or not title.text:
        raise NotAtom("an entry without a title")
    for name in _DESCRIPTIONS:
        description = element.find(f"{ATOM}content/{CONNECT}{name}")
        if description is not None:
            return Entry(title.text, dict(_texts(description)), dict(_counts(description)))
    raise NotAtom(f"an entry without a description: {title.text[:80]}")


def _texts(description: Any) -> Iterator[tuple[str, str]]:
    for child in description:
        if len(child) == 0 and child.text:
            yield _local(child), child.text.strip()


def _counts(description: Any) -> Iterator[tuple[str, int]]:
    details = description.find(f"{CONNECT}CountDetails")
    for child in details if details is not None else ():
        if (text := (child.text or "").strip()).isdecimal():
            yield _local(child), int(text)


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
