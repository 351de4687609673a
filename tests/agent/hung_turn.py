"""A turn against an endpoint that may hang, in a process of its own: does the process end?

`python -m tests.agent.hung_turn HOME BASE_URL TIMEOUT_S`; prints the error's text and what `finally` is left to do.
"""

from __future__ import annotations

import sys
from typing import Any

from agent.session import open_agent
from agent.surfaces.cli.boundary import run_async
from tests.agent.doubles import fixed_knowledge
from tools.config import ModelConfig, load_config
from tools.errors import ModelFailed
from tools.runner import Runner


async def main(home: str, url: str, timeout_s: str) -> None:
    """Asks once."""
    config = load_config(environ={"QUEUEWRIGHT_HOME": home})
    model: Any = ModelConfig(name="m", base_url=url, timeout_s=float(timeout_s))
    config = config.model_copy(update={"model": model})
    runner = Runner(config, surface="test", knowledge=fixed_knowledge)
    async with open_agent(config, surface="test", runner=runner) as agent:
        try:
            await agent.ask("How are you?")
        except ModelFailed as error:
            sys.stdout.write(error.text)


if __name__ == "__main__":
    run_async(lambda: main(*sys.argv[1:]))
