"""Which release a broker is of. The Admin API does not say; the answer to ApiVersions does, before any log-in.

Its tagged field 0 lists the features that the software supports, and the highest level of `metadata.version` names the
release (KIP-584, KIP-778; levels from Kafka's own enum `MetadataVersion` in 4.4). Clusters before KRaft have no such
feature: their release stays unknown.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass

from tools.brokers.kafka.settings import PORT, tls
from tools.targets import Target

ASK_TIMEOUT_S = 2.0
# An answer holds about a hundred APIs of ten bytes.
MOST_BYTES = 100_000
_API_VERSIONS, _API_VERSION = 18, 3
# The first level of each release; a level beyond the last is of a release that is newer than this list.
LEVELS = (
    (1, "3.0"), (2, "3.1"), (3, "3.2"), (4, "3.3"), (8, "3.4"), (9, "3.5"), (12, "3.6"), (15, "3.7"),
    (20, "3.8"), (21, "3.9"), (22, "4.0"), (26, "4.1"), (28, "4.2"), (30, "4.3"), (31, "4.4"), (34, "4.5"),
)  # fmt: skip
_LAST = 34


async def read_version(target: Target) -> str | None:
    """Of the first server that answers; None when none does in time, or in a shape that is not understood."""
    for host, port in target.hosts:
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                return release(await _ask(host or "localhost", port or PORT, _context(target)))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, struct.error, IndexError):
            continue
    return None


def release(body: bytes) -> str | None:
    """The release from the body of an ApiVersions answer, version 3.

    Raises:
        ValueError, struct.error, IndexError: it is no such answer.
    """
    reader = _Reader(body)
    (error,) = reader.numbers(">h")
    if error:
        return None
    for _ in range(reader.count()):
        reader.numbers(">hhh")
        reader.skip_tags()
    reader.numbers(">i")
    for _ in range(reader.varint()):
        tag, size = reader.varint(), reader.varint()
        content = reader.take(size)
        if tag == 0:
            return _release_of(_features(_Reader(content)).get("metadata.version"))
    return None


def _release_of(level: int | None) -> str | None:
    known = [name for first, name in LEVELS if level is not None and first <= level]
    if not known or level is None:
        return None
    return known[-1] if level <= _LAST else f">{known[-1]}"


def _features(reader: _Reader) -> dict[str, int]:
    found = {}
    for _ in range(reader.count()):
        name = reader.take(reader.count()).decode("utf-8", "replace")
        _, highest = reader.numbers(">hh")
        reader.skip_tags()
        found[name] = int(highest)
    return found


@dataclass
class _Reader:
    """Kafka's flexible encoding (KIP-482): variable-length numbers, compact arrays and strings, tagged fields."""

    data: bytes
    at: int = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def numbers(self, layout: str) -> tuple[int, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 28:
                raise ValueError("number too long")

    def count(self) -> int:
        """Of a compact array or string: one more than its length, and 0 for none."""
        return max(0, self.varint() - 1)

    def skip_tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.take(self.varint())


async def _ask(host: str, port: int, context: ssl.SSLContext | None) -> bytes:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        name = b"queuewright"
        # header 2: key, version, correlation id, client id, no tags; body: software name and version, no tags
        request = struct.pack(">hhi", _API_VERSIONS, _API_VERSION, 1) + struct.pack(">h", len(name)) + name + b"\0"
        request += bytes([len(name) + 1]) + name + bytes([2]) + b"0" + b"\0"
        writer.write(struct.pack(">i", len(request)) + request)
        await writer.drain()
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        if not 4 <= size <= MOST_BYTES:
            raise ValueError("not an answer of Kafka")
        return (await reader.readexactly(size))[4:]
    finally:
        writer.transport.abort()


def _context(target: Target) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=target.tls_ca or None) if tls(target) else None
