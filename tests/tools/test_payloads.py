"""Any body is described short, redacted, and without running what it holds."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import zlib
from pathlib import Path

import pytest

from tools.payloads import summary_of


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (self.path, "sprung")


def test_json_is_shown_without_secrets() -> None:
    assert json.loads(summary_of(b'{"to": "ann", "password": "hunter22", "n": [1]}')) == {
        "to": "ann", "password": "***", "n": [1],
    }  # fmt: skip


@pytest.mark.parametrize("squeeze", [gzip.compress, zlib.compress])
def test_compressed_bodies_are_shown_by_what_they_hold(squeeze: object) -> None:
    assert callable(squeeze)
    assert summary_of(squeeze(b'{"n": 1}')).endswith('{"n": 1}')


def test_a_pickle_is_withheld_and_never_opened(tmp_path: Path) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    for body in (trap, base64.b64encode(trap), gzip.compress(trap)):
        said = summary_of(body)
        assert "withheld" in said
        assert "pickle" in said
        assert "write_text" not in said
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("body", "kind"), [(b"\x82\xa1a\x01\xa1b\xc3", "msgpack"), (b"\xff\xd8\xff\xe0\x00\x10", "binary")]
)
def test_binary_is_named(body: bytes, kind: str) -> None:
    assert json.loads(summary_of(body)) == {"body": "withheld", "format": kind, "bytes": len(body)}


@pytest.mark.parametrize(
    "body",
    [
        b"x" * 10_000_000,
        b"word " * 2_000_000,
        b'{"a": "' + b"x" * 10_000_000 + b'"}',
        json.dumps([["deep"] * 3] * 100_000).encode(),
        b"[" * 100_000,
        zlib.compress(b"a" * 100_000_000),
        gzip.compress(b"cut off")[:-6],
        b'{"cut": [1, 2',
        b"\x1f\x8bnot gzip",
        "\u202e\x00\x1b[31m evil".encode(),
        b"",
    ],
    # the bodies themselves would be megabytes of names, and gzip writes the time into them
    ids=["word", "words", "json", "wide", "deep", "bomb", "cut gzip", "cut json", "no gzip", "control", "empty"],
)
def test_whatever_it_is_the_summary_is_short_and_clean(body: bytes) -> None:
    said = summary_of(body)
    assert len(said) < 400
    assert not {"\x1b", "\x00", "\u202e"} & set(said)


def test_a_long_secret_is_not_shown_by_half() -> None:
    said = summary_of(b"a " * 200 + b"password=" + b"s3cr3t" * 200)
    assert "s3cr3t" not in said
