"""The same question for many things: a few at a time, and not against a connection that broke."""

from __future__ import annotations

import asyncio
import time

import pytest

from tools.asking import Asking, Throttled
from tools.errors import Forbidden, ProtocolMismatch, TargetError, Unreachable


async def test_answers_and_errors_come_in_the_order_asked() -> None:
    async def ask(n: int) -> int:
        await asyncio.sleep(0.001 * (5 - n))  # the later asked answers first
        if n == 2:
            raise Forbidden
        return n

    answers = await Asking(5).each(ask, range(5))
    assert [type(a) if isinstance(a, TargetError) else a for a in answers] == [0, 1, Forbidden, 3, 4]


async def test_no_more_calls_run_at_once_than_said() -> None:
    running, most = 0, 0

    async def ask(_n: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await Asking(3).each(ask, range(20))
    assert most == 3


@pytest.mark.parametrize(("error", "asked"), [(Unreachable, 1), (Throttled, 4), (Forbidden, 4), (ProtocolMismatch, 4)])
async def test_only_a_broken_connection_ends_the_questions(error: type[TargetError], asked: int) -> None:
    calls: list[int] = []

    async def ask(n: int) -> int:
        calls.append(n)
        raise error

    answers = await Asking(1).each(ask, range(4))
    assert len(calls) == asked
    assert answers[asked:] == [None] * (4 - asked)


async def test_a_service_may_name_further_errors_that_break() -> None:
    async def ask(_n: int) -> int:
        raise ProtocolMismatch

    assert (await Asking(1, (ProtocolMismatch,)).each(ask, range(2)))[1] is None


async def test_nothing_is_asked_after_the_deadline() -> None:
    async def ask(n: int) -> int:
        return n

    assert await Asking(2).each(ask, range(3), time.monotonic() - 1) == [None, None, None]


def test_a_break_is_raised_only_where_it_left_no_answer() -> None:
    asking = Asking(1)
    asking.assert_some([])
    asking.assert_some([None])
    asking.assert_some([{}, Unreachable()])
    asking.assert_some([Throttled(), Forbidden()])
    with pytest.raises(Unreachable):
        asking.assert_some([Forbidden(), Unreachable(), None])
