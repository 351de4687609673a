"""Global options stand before or after the command."""

from __future__ import annotations

import pytest

from agent.surfaces.cli.main import parsed, run

GLOBAL = [
    ("config", ["--config", "f.toml"], "f.toml"),
    ("target", ["--target", "a=redis://h/0"], ["a=redis://h/0"]),
    ("model", ["--model", "m"], "m"),
    ("lang", ["--lang", "ru"], "ru"),
    ("verbose", ["--verbose"], True),
]
COMMANDS = [["ask", "why"], ["chat"], ["search", "q"], ["tools"], ["call", "t", "{}"], ["index"], ["doctor"]]


@pytest.mark.parametrize(("name", "option", "value"), GLOBAL, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_global_option_counts_on_either_side(name: str, option: list[str], value: object, command: list[str]) -> None:
    before, _ = parsed([*option, *command])
    after, _ = parsed([*command, *option])

    assert getattr(before, name) == value
    assert vars(before) == vars(after)


def test_targets_of_both_sides_add_up_and_the_later_value_of_the_rest_wins() -> None:
    args, _ = parsed(["--target", "a=1", "--lang", "en", "ask", "why", "--target", "b=2", "--lang", "ru"])

    assert args.target == ["a=1", "b=2"]
    assert args.lang == "ru"


def test_nothing_is_left_of_an_earlier_run() -> None:
    parsed(["--target", "a=1", "ask", "why", "--json"])

    args, _ = parsed(["ask", "why"])

    assert (args.target, args.json, args.lang) == ([], False, None)


def test_options_stand_between_positional_arguments() -> None:
    args, _ = parsed(["call", "diagnose", "--json", '{"target": "a"}', "--target", "a=1"])

    assert (args.tool, args.arguments, args.json) == ("diagnose", '{"target": "a"}', True)


def test_two_dashes_let_a_question_begin_with_a_dash() -> None:
    args, _ = parsed(["ask", "--json", "--", "--why"])

    assert args.question == "--why"


def test_a_second_run_in_one_process_prints_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    first = run(["tools", "--json", "--lang", "en"])
    said = capsys.readouterr().out
    second = run(["tools", "--json", "--lang", "en"])

    assert (first, second) == (0, 0)
    assert capsys.readouterr().out == said
