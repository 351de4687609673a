"""Readings of a stub that is written down in the test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tools.brokers.kafka import BROKER
from tools.brokers.kafka.stub import stub_session
from tools.reading import BrokerReading, EvidenceBook
from tools.targets import Target, parse_target

Read = Callable[..., Awaitable[BrokerReading]]


@pytest.fixture
def target() -> Target:
    return parse_target("main", "kafka+stub:///nowhere.yaml", {})


@pytest.fixture
def read(target: Target) -> Read:
    """One reading of these topics and groups."""

    async def run(book: EvidenceBook | None = None, **document: Any) -> BrokerReading:
        return await BROKER.read(stub_session(target, document), book or EvidenceBook())

    return run
