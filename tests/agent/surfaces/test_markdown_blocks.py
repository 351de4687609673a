"""Finished Markdown blocks are recognised while the text grows."""

from __future__ import annotations

import pytest

from agent.surfaces.cli.markdown import Blocks

TEXT = """# Head

A paragraph
of two lines.

- a point

- after an empty line

1. first
2. second

```sh
echo one

echo two
```

| a | b |
| --- | --- |
| 1 | 2 |

Last.
"""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_are_those_of_the_whole_text_however_it_is_cut(size: int) -> None:
    # Given a text that arrives in pieces
    blocks = Blocks()
    found = [block for at in range(0, len(TEXT), size) for block in blocks.feed(TEXT[at : at + size])]
    found.append(blocks.finish())

    # Then a list stays one block, and so does code with an empty line in it
    assert found == [
        "# Head",
        "A paragraph\nof two lines.",
        "- a point\n\n- after an empty line",
        "1. first\n2. second",
        "```sh\necho one\n\necho two\n```",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "Last.",
    ]


def test_a_block_is_not_finished_before_the_next_begins() -> None:
    blocks = Blocks()

    assert blocks.feed("- one\n- two\n\n") == []
    assert blocks.tail == "- one\n- two\n\n"
    assert blocks.feed("Then\n") == ["- one\n- two"]
