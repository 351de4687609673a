"""What may happen. For now: everything that only reads; every write is refused, whoever asks."""

from __future__ import annotations

from tools.contract import Risk
from tools.errors import Refused
from tools.registry import ToolSpec


def check(spec: ToolSpec) -> None:
    """Lets a read through.

    Raises:
        Refused: the tool writes.
    """
    if spec.risk is not Risk.READ:
        raise Refused("write_refused", tool=spec.name, risk=spec.risk.value)
