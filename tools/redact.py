"""The one redactor: runs before the model, logs, audit lines, error messages and reports.

It removes credentials and personal data from text and from nested data. Over-redaction is cheap here,
a leaked password is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "***"

_SECRET_KEY = re.compile(
    r"(?i)pass(words?|wd|phrase)$|(^|[_.-])(pin|cvv|cvc|otp|ssn|auth|pwd|pass|creds?)$|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie|credential|"
    r"sas[_-]?key|conn(ection)?[_-]?str(ing)?$"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host, also with an empty user, and with an unencoded @ in the password
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@'\"<>]*:[^\s/'\"<>]*@"), rf"\1{MASK}@"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/:@'\"<>]+@"), rf"\1{MASK}@"),
    # bearer and basic headers
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    # key=value, key: value, "key": "value"
    (
        re.compile(
            r"(?i)([\"']?\b[\w.-]*(?:passwd|passwords?|passphrase|credentials?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
            r"|authorization|cookie|sharedaccesskey)[\w.-]*[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|\{[^{}]*\}|\[[^\[\]]*\]|[^\s,;&}\]]+)"
        ),
        rf"\1{MASK}",
    ),
    # well-known token shapes
    (re.compile(r"\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs])[-_][A-Za-z0-9_-]{10,}"), MASK),
    (re.compile(r"\bAKIA[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S), MASK),
    # e-mail addresses
    (re.compile(r"\b[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}\b"), "***@***"),
)
_CARD = re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d-]|\.\d)")


def redact(text: str, *secrets: str) -> str:
    """The text without credentials, tokens, e-mail addresses and payment numbers.

    Args:
        secrets: exact strings (passwords of the configured targets) that are removed wherever they stand.
    """
    for secret in secrets:
        if len(secret) >= 3:
            text = text.replace(secret, MASK)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _CARD.sub(_mask_card, text)


def redact_data(value: object, *secrets: str) -> object:
    """The same for nested mappings, lists and strings; values under secret-looking keys are masked whole."""
    if isinstance(value, str):
        return redact(value, *secrets)
    if isinstance(value, Mapping):
        return {
            redact(str(key), *secrets): MASK if _secret(str(key), item) else redact_data(item, *secrets)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact_data(item, *secrets) for item in value]
    return value


def _secret(key: str, value: object) -> bool:
    """Whether the value under this key is masked whole; a number of tokens ("input_tokens") is a count."""
    if not value or isinstance(value, bool) or not _SECRET_KEY.search(key):
        return False
    return not (isinstance(value, (int, float)) and key.lower().endswith("tokens"))


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(c) for c in match.group() if c.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in {2, 3, 4, 5, 6}:
        return match.group()
    # Luhn: every second digit from the right doubled, digit sums added
    total = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits)))
    return MASK if total % 10 == 0 else match.group()
