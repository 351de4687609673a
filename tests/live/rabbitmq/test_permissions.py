"""Users with fewer rights see less, and are told what."""

from __future__ import annotations

import pytest

from evals.servers.rabbitmq import RabbitServer
from tests.live.rabbitmq import amqp
from tests.live.rabbitmq.conftest import Open, read
from tools.brokers.rabbitmq import BROKER
from tools.errors import AuthFailed, Forbidden, Unsupported

pytestmark = pytest.mark.live
PASSWORD = "pw-of-the-user/ё@#"


@pytest.fixture
def login(server: RabbitServer, vhost: str) -> object:
    """Makes a user with tags and permissions; gives its credentials as options of a target."""

    def make(tags: str, *vhosts: str) -> dict[str, str]:
        server.add_user("reader", PASSWORD, tags, *vhosts)
        from urllib.parse import quote

        return {"user": "reader", "password": quote(PASSWORD, safe="")}

    return make


async def test_without_a_tag_the_api_is_forbidden_and_the_tag_is_named(opened: Open, login, vhost: str) -> None:  # type: ignore[no-untyped-def]
    session = await opened(**login("", vhost))
    for call in (BROKER.ping(session), read(session)):
        with pytest.raises(Forbidden) as caught:
            await call
        assert caught.value.text == "rabbitmq_no_tag"
        assert PASSWORD not in str(caught.value)


async def test_a_wrong_password_is_told_from_a_missing_tag(opened: Open) -> None:
    session = await opened(user="guest", password="wrong-one")
    with pytest.raises(AuthFailed):
        await read(session)


async def test_with_the_management_tag_queues_but_no_nodes(
    server: RabbitServer, opened: Open, login, vhost: str  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    session = await opened(vhost, **login("management", vhost))
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail")
        await amqp.publish(channel, "mail", amqp.numbered(4))

    async def counted() -> object:
        reading = await read(session)
        return reading if [record.ready for record in reading.queues] == [4] else None

    reading = await amqp.until(counted)
    assert (reading.facts["nodes"], reading.facts["alarms"]) == (None, [])  # type: ignore[attr-defined]
    assert {"nodes", "memory"} <= {gap.field for gap in reading.gaps}  # type: ignore[attr-defined]


async def test_with_the_monitoring_tag_alone_no_queue_is_listed_and_that_is_said(
    server: RabbitServer, opened: Open, login, vhost: str  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    # Given a user who may see all nodes, and enter no virtual host
    async with amqp.channel_of(server, vhost) as channel:
        await amqp.declare(channel, "mail")
    session = await opened(**login("monitoring"))
    # When
    reading = await read(session)
    # Then
    assert reading.queues == []
    assert not reading.coverage.complete
    assert vhost in {gap.at.namespace for gap in reading.gaps if gap.text.key == "rabbitmq_vhost_refused"}
    assert reading.memory.used_bytes


async def test_a_virtual_host_that_is_named_and_closed_or_missing(opened: Open, login, vhost: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Forbidden):
        await read(await opened(vhost, **login("monitoring")))
    with pytest.raises(Unsupported) as caught:
        await read(await opened("no such place"))
    assert caught.value.text == "rabbitmq_no_vhost"
