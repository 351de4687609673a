"""One turn: the order of its events, what the model is shown, and how evidence is numbered."""

from __future__ import annotations

from langchain_core.messages import HumanMessage, SystemMessage

from agent.session import Answered, Token, ToolFinished, ToolStarted
from tests.agent.doubles import Open, calls, depth_tool, knowledge_block, scripted, thread_block, tool_results

DEPTHS = {"mail": 4242, "images": 17}


async def test_events_come_in_the_order_of_the_work(opened: Open) -> None:
    # Given a model that says a word, asks for a tool, then answers
    model = scripted(calls(("depth", {"queue": "mail"}), text="Looking."), "There are 4242 messages [e1].")
    # When
    async with opened(model, depth_tool(DEPTHS)) as agent:
        events = [event async for event in agent.stream("How deep is mail?")]
    # Then
    kinds = [type(e) for i, e in enumerate(events) if not i or type(e) is not type(events[i - 1])]
    assert kinds == [Token, ToolStarted, ToolFinished, Token, Answered]
    last = events[-1]
    assert isinstance(last, Answered)
    finished = [isinstance(e, ToolFinished) for e in events].index(True)
    spoken = [e.text for e in events[finished:] if isinstance(e, Token)]
    assert "".join(spoken) == last.answer["answer"] == "There are 4242 messages [e1]."


async def test_the_answer_has_the_shape_of_the_contract(opened: Open) -> None:
    model = scripted(
        calls(("depth", {"queue": "mail"})), "4242 wait [e1]; start a worker [troubleshooting/no-consumers#cure]."
    )
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep is mail?", thread_id="t1")
    assert set(answer) == {
        "answer", "language", "model", "thread_id", "partial", "duration_ms", "citations", "tool_calls", "evidence",
        "pending_approval", "usage",
    }  # fmt: skip
    assert answer["thread_id"] == "t1"
    assert answer["partial"] is False
    assert answer["citations"] == [{"id": "troubleshooting/no-consumers#cure", "title": "No consumers", "score": 0.9}]
    [call] = answer["tool_calls"]
    assert (call["name"], call["args"], call["status"]) == ("depth", {"queue": "mail"}, "ok")
    [evidence] = answer["evidence"]
    assert (evidence["id"], evidence["subject"], evidence["value"]) == ("e1", "main/mail", 4242)


async def test_evidence_is_numbered_over_all_calls_and_findings_follow(opened: Open) -> None:
    # Given two calls at once, then a third
    model = scripted(
        calls(("depth", {"queue": "mail"}), ("depth", {"queue": "images"})),
        calls(("depth", {})),
        "Done [e1] [e2] [e4].",
    )
    # When
    async with opened(model, depth_tool(DEPTHS)) as agent:
        answer = await agent.ask("How deep are they?")
    # Then the model sees the numbers of the turn, also inside findings
    assert [e["id"] for e in answer["evidence"]] == ["e1", "e2", "e3", "e4"]
    results = tool_results(model.seen[-1])
    assert not any("elapsed_ms" in r for r in results)
    assert [[e["id"] for e in r["evidence"]] for r in results] == [["e1"], ["e2"], ["e3", "e4"]]
    assert [[f["evidence"] for f in r["data"]["findings"]] for r in results] == [[["e1"]], [["e2"]], [["e3"], ["e4"]]]


async def test_the_context_stands_just_before_the_question_and_is_not_kept(opened: Open) -> None:
    model = scripted("Hello.", "Hello again.")
    async with opened(model) as agent:
        await agent.ask("What is prefetch?", thread_id="t")
        await agent.ask("And why?", thread_id="t")
    messages = model.seen[-1]
    assert [type(m).__name__ for m in messages] == [
        "SystemMessage", "HumanMessage", "AIMessage", "SystemMessage", "HumanMessage"
    ]  # fmt: skip
    assert isinstance(messages[0], SystemMessage)
    assert "Queuewright" in str(messages[0].content)
    assert thread_block(messages)["target_missing"] is True
    assert knowledge_block(messages)["sections"][0]["id"] == "troubleshooting/no-consumers#cure"
    assert isinstance(messages[-1], HumanMessage)
    assert messages[-1].content == "And why?"


async def test_an_off_topic_question_is_marked_for_the_model(opened: Open) -> None:
    model = scripted("That is beyond me.", "Gladly.")
    async with opened(model) as agent:
        answer = await agent.ask("Who won the football match?")
        await agent.ask("Why is mail slow?")
    assert [knowledge_block(seen)["off_topic"] for seen in model.seen] == [True, False]
    assert answer["tool_calls"] == answer["citations"] == []
