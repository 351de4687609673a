"""A name leads to one queue, or to an error that helps."""

from __future__ import annotations

import pytest

from tools.contract import Coverage, FrameworkSummary, QueueRecord
from tools.errors import AmbiguousQueue, UnknownQueue, Unreachable
from tools.lookup import find_queue
from tools.reading import BrokerReading, FrameworkReading, TargetReading
from tools.targets import parse_target
from tools.texts import error_texts


@pytest.fixture
def reading() -> TargetReading:
    """Three frameworks' queues, two of one name."""
    target = parse_target("main", "redis://localhost:6379/0", {})
    found = TargetReading(target, "redis", broker=BrokerReading(target, "redis"))
    for framework, namespace, names in (
        ("celery", None, ("mail", "images")),
        ("celery", "shop:", ("orders",)),
        ("rq", None, ("mail", "reports")),
    ):
        records = [QueueRecord(name=n, framework=framework, namespace=namespace, kind="list") for n in names]
        found.frameworks.append(FrameworkReading(FrameworkSummary(id=framework), queues=records))
    found.broker.queues = [QueueRecord(name="log", framework=None, kind="list")]
    return found


def test_an_exact_name_is_found_whoever_it_belongs_to(reading: TargetReading) -> None:
    assert find_queue(reading, "images").framework == "celery"
    assert find_queue(reading, "log").framework is None


def test_a_name_that_several_have_is_an_error_that_names_them(reading: TargetReading) -> None:
    with pytest.raises(AmbiguousQueue) as error:
        find_queue(reading, "mail")
    assert error.value.facts["candidates"] == "celery/mail, rq/mail"


def test_framework_and_namespace_lead_to_one(reading: TargetReading) -> None:
    assert find_queue(reading, "mail", framework="rq").framework == "rq"
    assert find_queue(reading, "orders", namespace="shop:").name == "orders"
    with pytest.raises(UnknownQueue):
        find_queue(reading, "mail", namespace="shop:")


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_a_name_that_nobody_has_gives_the_nearest_three(reading: TargetReading, lang: str) -> None:
    with pytest.raises(UnknownQueue) as error:
        find_queue(reading, "image")
    nearest = str(error.value.facts["nearest"]).split(", ")
    assert nearest[0] == "images"
    assert len(nearest) == 3
    message, hint = error_texts(lang, error.value)
    assert "image" in message
    assert "images" in str(hint)


def test_a_name_is_never_guessed_from_its_case_or_its_beginning(reading: TargetReading) -> None:
    for name in ("Images", "image", "images "):
        with pytest.raises(UnknownQueue):
            find_queue(reading, name)


def test_what_was_not_read_in_full_does_not_deny_a_queue(reading: TargetReading) -> None:
    assert reading.broker is not None
    reading.broker.coverage = Coverage(keys=10, scanned=5, complete=False)
    with pytest.raises(UnknownQueue) as error:
        find_queue(reading, "billing")
    assert "not everything" in error_texts("en", error.value)[0]


def test_an_unread_target_keeps_its_own_error(reading: TargetReading) -> None:
    reading.error = Unreachable(target="main", call="INFO", detail="refused")
    with pytest.raises(Unreachable):
        find_queue(reading, "mail")
