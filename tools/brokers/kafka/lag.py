"""How far each group is behind, over all partitions of a topic.

A partition without a commit is missing from a group's offsets and counts from the start of its log: leaving it out
makes the lag too small. Retention may have removed what a group had not read: that is lost and no longer waits. A
commit beyond the end (a topic that was deleted and made again, a log that was cut by an unclean election) is no
negative lag but 0, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tools.brokers.kafka.session import Partition, Spot


class Log(NamedTuple):
    """One partition's first and next offset; None where unknown (offline)."""

    number: int
    start: int | None
    end: int | None


class PartitionLag(NamedTuple):
    """Where a group stands in one partition."""

    number: int
    committed: int | None
    end: int
    lag: int


@dataclass(slots=True)
class GroupLag:
    """Where a group stands in a topic.

    Attributes:
        lag: waiting messages; None when a partition is unknown, then `known` is what the others hold.
        position: sum of the offsets that it has reached, the log's start where it has committed none.
        uncommitted: partitions without a commit.
        lost: messages that retention removed before the group had read them.
        ahead: messages by which commits are beyond the end.
    """

    lag: int | None
    known: int
    position: int | None
    uncommitted: int
    lost: int
    ahead: int


def logs_of(
    name: str, partitions: Mapping[int, Partition], starts: Mapping[Spot, int], ends: Mapping[Spot, int]
) -> list[Log]:
    """A topic's partitions in order."""
    return [Log(n, starts.get((name, n)), ends.get((name, n))) for n in sorted(partitions)]


def lag_of(logs: list[Log], commits: Mapping[int, int]) -> GroupLag:
    """A group's lag from its committed offsets by partition."""
    known = position = lost = ahead = 0
    unknown = False
    for number, start, end in logs:
        committed = commits.get(number)
        reached = start if committed is None else committed
        if end is None or reached is None:
            unknown = True
            continue
        position += reached
        if start is not None and reached < start:
            lost += start - reached
            reached = start
        if reached < end:
            known += end - reached
        else:
            ahead += reached - end
    uncommitted = sum(log.number not in commits for log in logs) if len(commits) < len(logs) else 0
    return GroupLag(None if unknown else known, known, None if unknown else position, uncommitted, lost, ahead)


def worst_of(logs: list[Log], commits: Mapping[int, int], most: int) -> list[PartitionLag]:
    """Partitions in which most messages wait for a group."""
    found = []
    for number, start, end in logs:
        reached = max(commits.get(number, start or 0), start or 0)
        if end is not None and reached < end and not (start is None and number not in commits):
            found.append(PartitionLag(number, commits.get(number), end, end - reached))
    return sorted(found, key=lambda p: (-p.lag, p.number))[:most]


def retained(logs: list[Log]) -> int | None:
    """Offsets between start and end of all partitions: messages, unless the log is compacted or transactional."""
    sizes = [log.end - log.start for log in logs if log.end is not None and log.start is not None]
    return sum(sizes) if len(sizes) == len(logs) else None


def arrived(logs: list[Log]) -> int | None:
    """The sum of the ends: what was ever written, since the topic was made."""
    ends = [log.end for log in logs if log.end is not None]
    return sum(ends) if len(ends) == len(logs) else None
