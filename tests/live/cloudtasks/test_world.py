"""The contract suite's world of the emulator, held to what the stub's is held to."""

from __future__ import annotations

import pytest

from tests.tools.brokers.cloudtasks.test_stub import (
    test_a_queue_of_any_name_is_found_with_its_counts,
    test_messages_are_peeked_and_stay,
)

pytestmark = pytest.mark.live
__all__ = ["test_a_queue_of_any_name_is_found_with_its_counts", "test_messages_are_peeked_and_stay"]
