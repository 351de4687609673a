"""A thread over many turns: what it remembers, in which language it speaks, and how large it grows."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from tests.agent.doubles import Open, calls, depth_tool, following, scripted, thread_block, tool_results

DEPTHS = {"mail": 4242, "images": 17}
A, B = "redis://127.0.0.1:1/0", "redis://127.0.0.1:1/1"


async def test_target_and_queue_are_carried_to_the_next_turn(opened: Open) -> None:
    model = scripted(calls(("depth", {"target": "main", "queue": "mail"})), "4242 wait [e1].", "Because nobody works.")
    async with opened(model, depth_tool(DEPTHS), main=A, other=B) as agent:
        await agent.ask("How deep is mail on main?", thread_id="t")
        await agent.ask("And why?", thread_id="t")
    assert thread_block(model.seen[-1])["facts"] == {"target": "main", "queue": "mail"}
    assert thread_block(model.seen[-1])["queues"] == ["mail"]
    assert thread_block(model.seen[-1])["introduced"] is True


async def test_another_target_takes_its_queue_along(opened: Open) -> None:
    model = scripted(
        calls(("depth", {"target": "main", "queue": "mail"})),
        "ok [e1]",
        calls(("depth", {"target": "other"})),
        "ok",
        "ok",
    )
    async with opened(model, depth_tool(DEPTHS), main=A, other=B) as agent:
        for question in ("mail on main?", "and on other?", "so?"):
            await agent.ask(question, thread_id="t")
    assert thread_block(model.seen[-1])["facts"] == {"target": "other"}


@pytest.mark.parametrize("args", [{"target": 7}, {"target": "nowhere"}, {"target": "main", "colour": "red"}])
async def test_a_wrong_call_leaves_no_facts(opened: Open, args: dict[str, object]) -> None:
    model = scripted(calls(("inspect_broker", args)), "Sorry.", "Well.")
    async with opened(model, main=A) as agent:
        await agent.ask("Look.", thread_id="t")
        await agent.ask("And?", thread_id="t")
    assert thread_block(model.seen[-1])["facts"] == {}


async def test_a_queue_that_does_not_exist_is_not_carried_on(opened: Open, url: str) -> None:
    # Given a question that names a queue, and a broker that has none of that name
    model = scripted(calls(("inspect_queue", {"target": "main", "queue": "biling"})), "There is none.", "Well.")
    async with opened(model, main=url) as agent:
        first = await agent.ask("How long is the queue `biling`?", thread_id="t")
        await agent.ask("And who works on it?", thread_id="t")
    # Then the next turn knows the broker, and no queue
    assert first["tool_calls"][0]["status"] == "error"
    assert thread_block(model.seen[-1])["facts"] == {"target": "main"}


async def test_a_queue_of_a_question_without_a_tool_is_carried_on(opened: Open) -> None:
    model = scripted("I cannot purge it.", "Well.")
    async with opened(model, main=A) as agent:
        await agent.ask("Purge the queue `mail`", thread_id="t")
        await agent.ask("Then how long is it?", thread_id="t")
    assert thread_block(model.seen[-1])["facts"]["queue"] == "mail"


async def test_facts_outlive_folding_and_a_restart(opened: Open) -> None:
    # Given twelve turns, a tool call in the first alone
    first = scripted(calls(("depth", {"target": "main", "queue": "mail"})), *["Fine."] * 12)
    async with opened(first, depth_tool(DEPTHS), main=A) as agent:
        for n in range(12):
            await agent.ask(f"Question {n}: how is it?", thread_id="t")
    # When a new process goes on
    second = scripted("Still fine.")
    async with opened(second, depth_tool(DEPTHS), main=A) as agent:
        await agent.ask("And now?", thread_id="t")
    # Then the oldest turns are folded to their questions, and the facts are there
    [seen] = second.seen
    block = thread_block(seen)
    assert block["facts"] == {"target": "main", "queue": "mail"}
    assert block["earlier"][0] == "Question 0: how is it?"
    asked = [str(m.content) for m in seen if isinstance(m, HumanMessage)]
    assert asked[-2:] == ["Question 11: how is it?", "And now?"]
    assert "Question 0: how is it?" not in asked
    assert set(block["earlier"]) | set(asked) >= {f"Question {n}: how is it?" for n in range(12)}


async def test_threads_know_nothing_of_each_other(opened: Open) -> None:
    model = scripted(calls(("depth", {"target": "main", "queue": "mail"})), "4242 [e1]", "What?")
    async with opened(model, depth_tool(DEPTHS), main=A) as agent:
        await agent.ask("mail?", thread_id="one")
        await agent.ask("And now?", thread_id="two")
    assert thread_block(model.seen[-1])["facts"] == {}
    assert [m.content for m in model.seen[-1] if isinstance(m, HumanMessage)] == ["And now?"]


async def test_the_language_follows_the_question_and_names_do_not_change_it(opened: Open) -> None:
    model = scripted(calls(("depth", {})), *["ок"] * 4)
    languages = []
    async with opened(model, depth_tool(DEPTHS), main=A) as agent:
        for question in ("Почему растёт очередь?", "mail?", "How deep is it now?", "А теперь?"):
            languages.append((await agent.ask(question, thread_id="t"))["language"])
    assert languages == ["ru", "ru", "en", "ru"]


async def test_lang_overrides_the_question_for_one_turn(opened: Open) -> None:
    model = scripted("да", "yes")
    async with opened(model) as agent:
        first = await agent.ask("What is prefetch?", thread_id="t", lang="ru")
        second = await agent.ask("What is prefetch, again?", thread_id="t")
    assert (first["language"], second["language"]) == ("ru", "en")
    assert "Отвечайте" in str(model.seen[0][0].content) or "языке" in str(model.seen[0][0].content)


async def test_sixty_turns_do_not_grow_the_file_without_bound(opened: Open, home: Path) -> None:
    # Given turns with tool traffic
    def look_then_answer(messages: list[BaseMessage]) -> AIMessage:
        return AIMessage("Fine. " + "x" * 500) if tool_results(messages) else calls(("depth", {}))

    depths = {f"queue-{n}": n for n in range(40)}
    sizes = []
    async with opened(following(look_then_answer), depth_tool(depths)) as agent:
        for n in range(60):
            await agent.ask(f"Question {n}?", thread_id="t")
            sizes.append(sum(f.stat().st_size for f in (home / "state").glob("threads.sqlite")))
    # Then the second half added no more than a fraction of the first
    assert sizes[-1] <= 1.2 * sizes[29]
