"""What a question may be; light, so that a wrong one is refused before anything heavy loads."""

from __future__ import annotations

from tools.errors import BadArguments

MOST_CHARACTERS = 64_000


def checked_question(question: str) -> str:
    """The question without surrounding space.

    Raises:
        BadArguments: empty, or longer than 64,000 characters.
    """
    text = question.strip()
    if not text:
        raise BadArguments("question_empty")
    if len(text) > MOST_CHARACTERS:
        raise BadArguments("question_long", limit=MOST_CHARACTERS)
    return text
