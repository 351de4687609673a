from __future__ import annotations

import pytest

from knowledge.search import Knowledge


@pytest.mark.parametrize(
    "question",
    ["Как связать свитер спицами?", "Who composed the Magic Flute?", "очередь в магазине за хлебом", "hi there!"],
)
def test_questions_from_elsewhere_are_off_topic(base: Knowledge, question: str) -> None:
    assert base.search(question).off_topic


@pytest.mark.parametrize(
    "question",
    ["sidekiq jobs vanish after a deploy", "воркеры падают по памяти", "RabbitMQ memory alarm", "что такое DLQ"],
)
def test_questions_of_the_field_are_not(base: Knowledge, question: str) -> None:
    assert not base.search(question).off_topic
