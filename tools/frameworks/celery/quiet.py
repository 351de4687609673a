"""kombu's Redis transport without what a consumer does on the side, for the connection that asks the workers.

kombu takes a connection that waits for a reply for one that consumes tasks. While it waits in vain it gives deliveries
older than *its* visibility timeout (an hour by default, whatever the application has) back to their queues, where they
run a second time; and it deletes binding tables that nobody refreshed. Who only asks does neither.

The channel also counts who heard the question: PUBLISH returns the number of subscribers. That is how many workers
with remote control are alive, exactly, while mailboxes outlive killed workers and two workers may share one.

Loaded only when workers are asked: kombu is heavy.
"""

from __future__ import annotations

from typing import Any

from kombu.pidbox import Mailbox
from kombu.transport import redis
from kombu.utils.json import dumps


class QuietQoS(redis.QoS):
    """Leaves the deliveries of others where they are."""

    def restore_visible(self, *_args: Any, **_options: Any) -> None:
        """Nothing is restored, and `unacked_mutex` is not taken."""


class QuietChannel(redis.Channel):
    """A channel that tidies nothing up.

    Attributes:
        heard: subscribers that the last broadcast reached; None before the first.
    """

    QoS = QuietQoS
    heard: int | None = None

    def maybe_refresh_binding_expiry(self) -> None:
        """Nothing is swept; our reply queue's own binding outlives every question anyway."""

    def _put_fanout(self, exchange: str, message: Any, routing_key: str, **_options: Any) -> None:
        with self.conn_or_acquire() as client:
            topic = self._get_publish_topic(exchange, routing_key)  # type: ignore[no-untyped-call]
            self.heard = int(client.publish(topic, dumps(message)))  # type: ignore[no-untyped-call]


class QuietTransport(redis.Transport):
    """See the module."""

    Channel = QuietChannel


class QuietMailbox(Mailbox):
    """Waits for as many answers as workers heard the question, and not at all where nobody did."""

    def _collect(self, ticket: str, limit: int | None = None, *args: Any, **options: Any) -> Any:
        heard = options["channel"].heard
        if heard == 0:
            return []
        # a question to some has a limit of its own: all hear it, and those it names answer
        return super()._collect(ticket, limit or heard, *args, **options)  # type: ignore[no-untyped-call]
