"""Names of keys, and what binding tables say."""

from __future__ import annotations

from tools.frameworks.celery.layout import Layout, Routes, prefix_of


def test_the_queue_is_the_third_field_of_a_member_and_not_the_name_of_the_table() -> None:
    routes = Routes()
    routes.add("events", "shop.#\x06\x16\x06\x16orders")
    assert routes.queues == {"orders": "events"}


def test_control_and_event_tables_name_workers_and_no_queues() -> None:
    routes = Routes()
    routes.add("celery.pidbox", "\x06\x16\x06\x16w1@host.celery.pidbox")
    routes.add("reply.celery.pidbox", "abc\x06\x16\x06\x16abc.reply.celery.pidbox")
    routes.add("celeryev", "worker.#\x06\x16\x06\x16celeryev.1234")
    assert routes.queues == {}
    assert routes.workers == ["w1@host"]


def test_a_member_under_another_separator_is_counted_as_unreadable() -> None:
    routes = Routes()
    routes.add("celery", "celery::celery")
    assert (routes.queues, routes.unreadable) == ({}, 1)


def test_the_permanent_table_is_of_the_same_exchange_and_the_deadlines_are_none() -> None:
    layout = Layout()
    sets = ["_kombu.binding_permanent.mail", "_kombu.binding.mail", "other"]
    assert {layout.exchange_of(k) for k in layout.binding_keys(sets)} == {"mail", "celery", "celery.pidbox"}


def test_the_configured_prefix_wins_and_without_one_the_others_are_named() -> None:
    sets = ["a:_kombu.binding.x", "b:_kombu.binding.x", "b:_kombu.binding.y"]
    assert prefix_of(sets, "a:") == ("a:", [])
    assert prefix_of(sets, "") == ("b:", ["a:"])
    assert prefix_of([*sets, "_kombu.binding.x"], "") == ("", ["a:", "b:"])
    assert prefix_of([], "") == ("", [])
