"""The ATOM documents of the Service Bus double, element for element as the service's recorded answers have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

ATOM = "http://www.w3.org/2005/Atom"
CONNECT = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
COUNTS = "http://schemas.microsoft.com/netservices/2011/06/servicebus"
NO_LIMIT = "P10675199DT2H48M5.4775807S"
VERSION = "api-version=2024-05"

_TIMES = {
    "CreatedAt": "2026-01-01T09:30:00.1234567Z",
    "UpdatedAt": "2026-01-02T09:30:00.1234567Z",
    "AccessedAt": "2026-11-24T01:02:03.1234567Z",
}
# Elements of a description in the service's order; `CountDetails` stands for the block of counts.
_QUEUE: dict[str, str] = {
    "LockDuration": "PT1M", "MaxSizeInMegabytes": "1024", "RequiresDuplicateDetection": "false",
    "RequiresSession": "false", "DefaultMessageTimeToLive": NO_LIMIT, "DeadLetteringOnMessageExpiration": "false",
    "DuplicateDetectionHistoryTimeWindow": "PT10M", "MaxDeliveryCount": "10", "EnableBatchedOperations": "true",
    "SizeInBytes": "0", "MessageCount": "0", "IsAnonymousAccessible": "false", "AuthorizationRules": "",
    "Status": "Active", **_TIMES, "SupportOrdering": "true", "CountDetails": "", "AutoDeleteOnIdle": NO_LIMIT,
    "EnablePartitioning": "false", "EntityAvailabilityStatus": "Available", "EnableExpress": "false",
    "MaxMessageSizeInKilobytes": "256",
}  # fmt: skip
_TOPIC: dict[str, str] = {
    "DefaultMessageTimeToLive": NO_LIMIT, "MaxSizeInMegabytes": "1024", "RequiresDuplicateDetection": "false",
    "DuplicateDetectionHistoryTimeWindow": "PT10M", "EnableBatchedOperations": "true", "SizeInBytes": "0",
    "FilteringMessagesBeforePublishing": "false", "IsAnonymousAccessible": "false", "AuthorizationRules": "",
    "Status": "Active", **_TIMES, "SupportOrdering": "true", "CountDetails": "", "SubscriptionCount": "0",
    "AutoDeleteOnIdle": NO_LIMIT, "EnablePartitioning": "false", "EntityAvailabilityStatus": "Available",
    "EnableSubscriptionPartitioning": "false", "EnableExpress": "false", "MaxMessageSizeInKilobytes": "256",
}  # fmt: skip
_SUBSCRIPTION: dict[str, str] = {
    "LockDuration": "PT1M", "RequiresSession": "false", "DefaultMessageTimeToLive": NO_LIMIT,
    "DeadLetteringOnMessageExpiration": "false", "DeadLetteringOnFilterEvaluationExceptions": "true",
    "MessageCount": "0", "MaxDeliveryCount": "10", "EnableBatchedOperations": "true", "Status": "Active", **_TIMES,
    "CountDetails": "", "AutoDeleteOnIdle": NO_LIMIT, "EntityAvailabilityStatus": "Available",
}  # fmt: skip
_KINDS = {
    "queue": ("QueueDescription", _QUEUE),
    "topic": ("TopicDescription", _TOPIC),
    "subscription": ("SubscriptionDescription", _SUBSCRIPTION),
}
# A rule of access, which the service hands to whoever may manage: its key must never be shown.
RULE_KEY = "c2VjcmV0LW9mLWEtcnVsZQ=="
_RULES = (
    f'<AuthorizationRule i:type="SharedAccessAuthorizationRule"><ClaimType>SharedAccessKey</ClaimType><Rights>'
    f"<AccessRights>Listen</AccessRights></Rights><KeyName>reader</KeyName><PrimaryKey>{RULE_KEY}</PrimaryKey>"
    f"</AuthorizationRule>"
)
MESSAGE_BYTES = 256


def feed(namespace: str, base: str, entities: Iterable[tuple[str, Any]], skip: int, top: int, *, more: bool) -> str:
    """One page; `next` only where there is more."""
    here = f"https://{base}?{VERSION}&$skip={skip}&$top={top}"
    links = f'<link rel="self" href={quoteattr(here)}/>'
    if more:
        following = f"https://{base}?{VERSION}&%24skip={skip + top}&%24top={top}"
        links += f'<link rel="next" href={quoteattr(following)}/>'
    title = base.rpartition("/")[2].capitalize()
    inner = "".join(entry(namespace, name, entity) for name, entity in entities)
    return (
        f'<feed xmlns="{ATOM}"><title type="text">{title}</title><id>{escape(here)}</id>'
        f"<updated>2026-11-24T01:02:03Z</updated>{links}{inner}</feed>"
    )


def empty_feed(base: str) -> str:
    """What the service says instead of 404 for a queue or topic that does not exist."""
    here = f"https://{base}?{VERSION}"
    return (
        f'<feed xmlns="{ATOM}"><title type="text">Publicly Listed Services</title><id>{escape(here)}</id>'
        f'<updated>2026-11-24T01:02:03Z</updated><link rel="self" href={quoteattr(here)}/>'
        f"<generator>Service Bus 1.1</generator></feed>"
    )


def entry(namespace: str, name: str, entity: Any) -> str:
    """One entity (`servicebus_double.DoubledEntity`)."""
    element, defaults = _KINDS[entity.kind]
    fields = defaults | {key: value for key, value in _own(entity).items() if key in defaults} | entity.settings
    inner = "".join(_element(key, value, entity) for key, value in fields.items() if value is not None)
    here = f"https://{namespace}/{quote(name)}?{VERSION}"
    return (
        f'<entry xmlns="{ATOM}"><id>{escape(here)}</id><title type="text">{escape(name)}</title>'
        f"<published>2026-01-01T09:30:00Z</published><updated>2026-01-02T09:30:00Z</updated>"
        f'<author><name>double</name></author><link rel="self" href={quoteattr(here)}/>'
        f'<content type="application/xml"><{element} xmlns="{CONNECT}" '
        f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inner}</{element}></content></entry>'
    )


def namespace_entry(namespace: str, sku: str) -> str:
    """What the service says about itself."""
    short = namespace.partition(".")[0]
    return (
        f'<entry xmlns="{ATOM}"><id>https://{namespace}/$namespaceinfo?{VERSION}</id><title type="text">{short}</title>'
        f"<updated>2026-11-24T01:02:03Z</updated><author><name>{short}</name></author>"
        f'<content type="application/xml"><NamespaceInfo xmlns="{CONNECT}" '
        f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><CreatedTime>2026-01-01T09:30:00Z</CreatedTime>'
        f"<MessagingSKU>{sku}</MessagingSKU><ModifiedTime>2026-01-01T09:30:00Z</ModifiedTime><Name>{short}</Name>"
        f"<NamespaceType>Messaging</NamespaceType></NamespaceInfo></content></entry>"
    )


def error(status: int, detail: str) -> str:
    """The service's error document."""
    return f"<Error><Code>{status}</Code><Detail>{escape(detail)}</Detail></Error>"


def counts(entity: Any) -> Mapping[str, int]:
    """The five counts."""
    found = {
        "ActiveMessageCount": entity.active,
        "DeadLetterMessageCount": entity.dead,
        "ScheduledMessageCount": entity.scheduled,
        "TransferMessageCount": entity.transfer,
        "TransferDeadLetterMessageCount": entity.transfer_dead,
    }
    return {key: value for key, value in found.items() if key not in entity.absent}


def _own(entity: Any) -> dict[str, str]:
    total = sum(counts(entity).values())
    return {
        "MessageCount": str(total),
        "SizeInBytes": str(total * MESSAGE_BYTES),
        "SubscriptionCount": str(len(entity.subscriptions)),
    }


def _element(key: str, value: str, entity: Any) -> str:
    if key == "CountDetails":
        inner = "".join(f"<d2p1:{name}>{number}</d2p1:{name}>" for name, number in counts(entity).items())
        return f'<CountDetails xmlns:d2p1="{COUNTS}">{inner}</CountDetails>'
    if key == "AuthorizationRules":
        return f"<AuthorizationRules>{_RULES}</AuthorizationRules>"
    return f"<{key}>{escape(value)}</{key}>"
