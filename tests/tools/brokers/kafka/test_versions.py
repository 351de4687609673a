"""The release from an answer of ApiVersions, whatever a server makes of it."""

from __future__ import annotations

import struct

import pytest

from tools.brokers.kafka.versions import read_version, release
from tools.targets import parse_target


def answer(level: int, error: int = 0, feature: bytes = b"metadata.version") -> bytes:
    """As Kafka 4 writes it: one API, then one tagged field with two features."""
    features = bytes([3]) + bytes([6]) + b"other" + struct.pack(">hh", 0, 9) + b"\0"
    features += bytes([len(feature) + 1]) + feature + struct.pack(">hh", 1, level) + b"\0"
    tags = bytes([2, 1, 8]) + struct.pack(">q", 7) + bytes([0, len(features)]) + features
    return struct.pack(">h", error) + bytes([2]) + struct.pack(">hhh", 18, 0, 4) + b"\0" + struct.pack(">i", 0) + tags


@pytest.mark.parametrize(
    ("level", "name"),
    [(1, "3.0"), (7, "3.3"), (21, "3.9"), (25, "4.0"), (26, "4.1"), (33, "4.4"), (34, "4.5"), (35, ">4.5")],
)
def test_the_highest_level_of_metadata_names_the_release(level: int, name: str) -> None:
    assert release(answer(level)) == name


def test_without_that_feature_the_release_is_unknown() -> None:
    assert release(answer(25, feature=b"kraft.version")) is None
    assert release(answer(25, error=35)) is None


def test_an_answer_that_is_cut_anywhere_is_refused() -> None:
    whole = answer(25)
    for size in range(len(whole)):
        with pytest.raises((ValueError, struct.error, IndexError)):
            release(whole[:size])


async def test_a_server_that_is_not_there_tells_nothing() -> None:
    assert await read_version(parse_target("main", "kafka://127.0.0.1:1,127.0.0.1:2", {})) is None
