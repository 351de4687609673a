"""The commands inside a conversation."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.surfaces.cli.language import say
from agent.surfaces.cli.output import print_line

if TYPE_CHECKING:
    from agent.session import Agent
    from agent.surfaces.cli.chat.conversation import Conversation
    from tools.contract import ToolResult


def run(talk: Conversation, entry: str) -> bool:
    """One command; False when it ends the conversation."""
    name, _, argument = entry.partition(" ")
    if name in {"/quit", "/exit"}:
        return False
    command = _COMMANDS.get(name)
    if command is None:
        print_line(say(talk.lang, "chat.unknown_command", command=name))
        return True
    try:
        command(talk, argument.strip())
    except Exception as error:  # noqa: BLE001 - the boundary of a command, as that of a turn: the conversation goes on
        talk.failed = True
        talk.say_failure(error)
    return True


def _help(talk: Conversation, _argument: str) -> None:
    print_line(say(talk.lang, "chat.help").strip())


def _targets(talk: Conversation, _argument: str) -> None:
    from agent.surfaces.cli.tables import Table, print_table

    async def read(agent: Agent) -> ToolResult:
        return await agent.runtime.runner.call("list_targets", {}, lang=talk.lang)

    rows = (talk.engine.run(read).data or {}).get("targets", [])
    if not rows:
        print_line(say(talk.lang, "chat.no_target"))
        return
    reachable = say(talk.lang, "chat.reachable")
    cells = [[t["name"], t["system"] or "–", reachable if t["reachable"] else t["error"]["message"]] for t in rows]
    print_table(Table([say(talk.lang, f"chat.target_{key}") for key in ("name", "system", "state")], cells))


def _tools(talk: Conversation, _argument: str) -> None:
    from agent.surfaces.cli.commands.tools import print_tools
    from tools.registry import Registry

    print_tools(list(Registry().tools.values()), talk.lang)


def _thread(talk: Conversation, argument: str) -> None:
    if not argument:
        print_line(say(talk.lang, "chat.this_thread", thread=talk.thread))
    elif argument == "new":
        talk.go_to(secrets.token_hex(5))
        print_line(say(talk.lang, "chat.new_thread", thread=talk.thread))
    else:
        talk.go_to(argument)
        print_line(say(talk.lang, "thread", thread=argument))
        talk.show(talk.last())


_COMMANDS: dict[str, Callable[[Conversation, str], None]] = {
    "/help": _help,
    "/targets": _targets,
    "/tools": _tools,
    "/thread": _thread,
}
