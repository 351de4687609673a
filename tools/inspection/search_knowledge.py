"""`search_knowledge`: sections of the knowledge base."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from tools.contract import Context, ToolOutput


class Args(BaseModel):
    """Search the knowledge base on queues, brokers and workers; answers with sections to cite."""

    model_config = ConfigDict(extra="forbid")
    query: str = Field(min_length=1, max_length=2_000)
    k: int = Field(default=5, ge=1, le=20)


async def run(ctx: Context, args: Args) -> ToolOutput:
    """`{"hits": [{"id", "title", "heading", "lang", "score", "text"}], "off_topic"}`."""
    lang = "ru" if ctx.lang == "ru" else "en"
    found = await asyncio.to_thread(lambda: ctx.knowledge().search(args.query, lang=lang, k=args.k))
    hits = [
        {"id": h.id, "title": h.title, "heading": h.heading, "lang": h.lang, "score": h.score, "text": h.text}
        for h in found.hits
    ]
    return ToolOutput(
        {"hits": hits, "off_topic": found.off_topic}, status="no_data" if found.off_topic or not hits else "ok"
    )
