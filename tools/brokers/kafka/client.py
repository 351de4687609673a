"""The real client behind a session: confluent-kafka's AdminClient, whose calls run together in a small pool of threads.

Every call has a time-out of its own in the library (`settings`), so a thread always comes back. A reading costs one
request for each kind of question, and one for each group's offsets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Lock
from typing import Any, Literal, TypeVar

from tools.blocking import DaemonExecutor, in_thread
from tools.brokers.kafka import answers
from tools.brokers.kafka.failures import Heard, failure, of_connection, translated
from tools.brokers.kafka.fetching import fetch
from tools.brokers.kafka.session import Cluster, Commits, Failure, Group, Listing, Partition, Record, Spot, Topic
from tools.brokers.kafka.settings import CALL_TIMEOUT_S, client_settings
from tools.brokers.kafka.versions import read_version
from tools.errors import MissingExtra, TargetError
from tools.targets import Target

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
# As many as a reading asks at once.
THREADS = 8
VERSION_TTL_S = 300.0
_POLL_S = 0.05


class KafkaClient:
    """Asks one cluster. Nothing is sent before the first call."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._settings = client_settings(target)
        self._pool = DaemonExecutor(THREADS)
        self._heard = Heard()
        self._lock = Lock()
        self._admin: Any = None
        self._version: tuple[float, str | None] | None = None

    async def cluster(self) -> Cluster:
        """DescribeCluster."""
        return await self._in_thread(self._one, "DescribeCluster", answers.ask_cluster, answers.cluster)

    async def acls_in_force(self, broker: int) -> bool | Failure:
        """DescribeConfigs of a broker."""
        ask = answers.ask_broker(broker)
        found: dict[str, bool | Failure] = await self._in_thread(
            self._many, "DescribeConfigs", ask, answers.has_authorizer
        )
        return found["broker"]

    async def version(self) -> str | None:
        """ApiVersions, on a connection of its own, asked again after five minutes."""
        if self._version is None or self._version[0] < time.monotonic():
            self._version = (time.monotonic() + VERSION_TTL_S, await read_version(self._target))
        return self._version[1]

    async def partitions(self) -> dict[str, dict[int, Partition]]:
        """Metadata of all topics; asks for none by name, so that none is ever created."""

        def ask() -> dict[str, dict[int, Partition]]:
            return answers.partitions(self._client("Metadata").list_topics(timeout=CALL_TIMEOUT_S))

        return await self._in_thread(self._plain, "Metadata", ask)

    async def topics(self, names: Sequence[str]) -> dict[str, Topic | Failure]:
        """DescribeTopics."""
        if not names:
            return {}
        return await self._in_thread(self._many, "DescribeTopics", answers.ask_topics(names), answers.topic)

    async def configs(self, names: Sequence[str]) -> dict[str, dict[str, str] | Failure]:
        """DescribeConfigs."""
        if not names:
            return {}
        return await self._in_thread(self._many, "DescribeConfigs", answers.ask_configs(names), answers.config)

    async def offsets(self, spots: Sequence[Spot], at: Literal["start", "end"]) -> dict[Spot, int | Failure]:
        """ListOffsets."""
        if not spots:
            return {}
        ask = answers.ask_offsets(spots, at)
        return await self._in_thread(self._many, "ListOffsets", ask, lambda result: int(result.offset))

    async def groups(self) -> tuple[list[Listing], list[Failure]]:
        """ListGroups of all brokers."""
        return await self._in_thread(self._one, "ListGroups", answers.ask_groups, answers.groups)

    async def described(self, ids: Sequence[str]) -> dict[str, Group | Failure]:
        """DescribeGroups and ConsumerGroupDescribe."""
        if not ids:
            return {}
        return await self._in_thread(self._many, "DescribeGroups", answers.ask_described(ids), answers.group)

    async def committed(self, ids: Sequence[str]) -> dict[str, Commits | Failure]:
        """OffsetFetch of all groups at once."""
        if not ids:
            return {}
        return await self._in_thread(self._many, "OffsetFetch", answers.ask_committed(ids), answers.committed)

    async def fetch(self, places: Mapping[Spot, tuple[int, int]]) -> list[Record]:
        """Fetch by partition, with a consumer of its own that is in no group."""
        return await self._in_thread(fetch, self._target, self._settings, places)

    async def close(self) -> None:
        """Lets go of the client; its threads and connections end behind it."""
        with self._lock:
            last, self._admin = [self._admin], None
        # The library joins its threads when the last reference goes: not in the event loop.
        self._pool.submit(last.clear)

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        return await in_thread(self._pool, call, *arguments)

    def _client(self, call: str) -> Any:
        try:
            from confluent_kafka import KafkaException
            from confluent_kafka.admin import AdminClient
        except ImportError:
            missing = {"target": self._target.name, "call": call, "detail": "confluent_kafka"}
            raise MissingExtra(package="confluent-kafka", extra="kafka", **missing) from None
        with self._lock:
            if self._admin is None:
                try:
                    settings: dict[str, Any] = {**self._settings, "error_cb": self._heard.error}
                    self._admin = AdminClient(settings, logger=self._heard.logger())
                except KafkaException as error:
                    raise self._error(call, error) from None
            return self._admin

    def _one(self, call: str, ask: Callable[[Any], Future[Any]], shape: Callable[[Any], T]) -> T:
        """One question with one answer, whose failure is the call's."""
        answer = self._settled(call, lambda admin: {"one": ask(admin)})["one"]
        if (error := answer.exception()) is not None:
            raise self._error(call, error)
        return shape(answer.result())

    def _many(
        self, call: str, ask: Callable[[Any], Mapping[Any, Future[Any]]], shape: Callable[[Any], T]
    ) -> dict[Any, T | Failure]:
        """One question with an answer for each thing; the call fails when nothing could be reached for any of them."""
        from confluent_kafka import KafkaException

        found: dict[Any, T | Failure] = {}
        for key, answer in self._settled(call, ask).items():
            try:
                found[key] = shape(answer.result())
            except KafkaException as error:
                found[key] = failure(error)
        lost = [one for one in found.values() if isinstance(one, Failure) and of_connection(one.code)]
        if lost and len(lost) == len(found):
            raise translated(self._target, call, lost[0].code, lost[0].detail, self._heard)
        return found

    def _plain(self, call: str, ask: Callable[[], T]) -> T:
        """A call that blocks by itself."""
        from confluent_kafka import KafkaException

        try:
            return ask()
        except KafkaException as error:
            raise self._error(call, error) from None

    def _settled(self, call: str, ask: Callable[[Any], Mapping[K, Future[Any]]]) -> Mapping[K, Future[Any]]:
        """Waits for the answers, and stops early when the library says that there is nobody to wait for."""
        from confluent_kafka import KafkaException

        admin = self._client(call)
        admin.poll(0)
        self._heard.clear()
        try:
            asked = ask(admin)
        except KafkaException as error:
            raise self._error(call, error) from None
        deadline = time.monotonic() + CALL_TIMEOUT_S + 0.5
        # One after the other: the library answers all that one request asked at once, and there may be thousands.
        for answer in asked.values():
            while not answer.done():
                with suppress(TimeoutError):
                    answer.exception(timeout=_POLL_S)
                admin.poll(0)
                if not answer.done() and (self._heard.hopeless or time.monotonic() > deadline):
                    raise translated(self._target, call, "_TIMED_OUT", "no answer", self._heard)
        return asked

    def _error(self, call: str, error: BaseException) -> TargetError:
        said = failure(error)
        return translated(self._target, call, said.code, said.detail, self._heard)
