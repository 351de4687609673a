"""The schemas of case files: strict, so that a mistyped field is an error and never a check that nobody runs.

A file is `suite`, `half` (`tuning`, `held_out` or null) and `cases`; the suite decides what a case is.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Half = Literal["tuning", "held_out"]
Lang = Literal["en", "ru"]
Kind = Literal["tool", "knowledge", "smalltalk", "off_topic", "clarify", "not_available"]
Word = str | int | float


class Strict(BaseModel):
    """The base of every shape in a case file: unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Case(Strict):
    """What every case has. `id` is unique within its suite."""

    id: Annotated[str, Field(min_length=1, max_length=80)]
    lang: Lang


class RoutingExpect(Strict):
    """Where a request must lead.

    Attributes:
        kind: `tool` one call; `knowledge` an answer from articles; the others call nothing.
        args: all arguments that the call must carry; `"*"` for `query` matches any text.
        allow: further arguments that the call may carry.
        wanted: the tool that would do it, of a request that is `not_available` until that tool exists.
    """

    kind: Kind
    tool: str | None = None
    args: dict[str, Any] = {}
    allow: list[str] = []
    wanted: str | None = None

    @model_validator(mode="after")
    def _tool_where_one_is_called(self) -> RoutingExpect:
        if (self.kind == "tool") != (self.tool is not None):
            raise ValueError("`tool` is named exactly where kind is `tool`")
        return self


class RoutingCase(Case):
    """One request, judged by the tool call that follows; the tools are recorded and never run.

    Attributes:
        targets: system by target name, as the thread would know them.
        previous: the question before, asked first on the same thread and not judged.
        facts, queues: what the conversation spoke of before.
    """

    ask: str
    targets: dict[str, str] = {"main": "redis"}
    previous: str | None = None
    facts: dict[Literal["target", "queue", "framework"], str] = {}
    queues: list[str] = []
    expect: RoutingExpect


class KnowledgeExpect(Strict):
    """`ids`: articles any of which answers; `off_topic`: the base holds nothing on it."""

    ids: list[str]
    off_topic: bool

    @model_validator(mode="after")
    def _one_or_the_other(self) -> KnowledgeExpect:
        if bool(self.ids) == self.off_topic:
            raise ValueError("either `ids`, or `off_topic: true`")
        return self


class KnowledgeCase(Case):
    """One query against the knowledge base alone."""

    ask: str
    expect: KnowledgeExpect


class ExpectedCall(Strict):
    """A call that the turn must include.

    Attributes:
        args: arguments that it must carry; others are free.
        absent: arguments that it must not carry.
        status, error: of its envelope; `error` is the code.
    """

    tool: str
    args: dict[str, Any] = {}
    absent: list[str] = []
    status: Literal["ok", "no_data", "error", "needs_approval"] | None = None
    error: str | None = None


class ExpectedEvidence(Strict):
    """A measured fact that the turn must hold; `value` may be a range (`{at_least, at_most}`)."""

    metric: str
    subject: str
    value: Any = None


class ExpectedCause(Strict):
    """A finding: its cause, and where given its queue, worker, target, confidence and severity."""

    cause: str
    target: str | None = None
    queue: str | None = None
    worker: str | None = None
    confidence: Literal["fact", "hypothesis"] | None = None
    severity: Literal["critical", "high", "medium", "low", "info"] | None = None


class TurnExpect(Strict):
    """What one turn must, and must not, do. Everything given must hold; nothing is matched in order.

    Attributes:
        calls: must all be made. not_calls: tools that must not be called. no_calls: no tool at all.
        data: must be found in the data of one result (objects as subsets, lists in any order).
        evidence, unknown: facts that must be there, and fields that must be listed as unknown.
        causes: findings that must be there; not_causes: causes that no finding may have.
        include, exclude: words of the answer, in any case; a list means any of them, a number is found however its
            thousands are written.
        cites: sections or articles, any of them; `[]` means no citation.
        asks_back: the answer holds a question.
    """

    calls: list[ExpectedCall] = []
    not_calls: list[str] = []
    no_calls: bool = False
    data: dict[str, Any] | None = None
    evidence: list[ExpectedEvidence] = []
    unknown: list[str] = []
    causes: list[ExpectedCause] = []
    not_causes: list[str] = []
    include: list[Word | list[Word]] = []
    exclude: list[Word] = []
    cites: list[str] | None = None
    asks_back: bool | None = None
    partial: bool | None = None

    @model_validator(mode="after")
    def _something_to_judge(self) -> TurnExpect:
        if not self.model_fields_set:
            raise ValueError("nothing is expected, so nothing could fail")
        if self.no_calls and self.calls:
            raise ValueError("`calls` and `no_calls` exclude each other")
        return self


class DirectCall(Strict):
    """A tool called without a model."""

    tool: str
    args: dict[str, Any] = {}


class InspectCase(Case):
    """One question or one tool call against worlds (`evals/cases/worlds/<name>.yaml`) by target name."""

    worlds: dict[str, str]
    ask: str | None = None
    call: DirectCall | None = None
    expect: TurnExpect

    @model_validator(mode="after")
    def _question_or_call(self) -> InspectCase:
        if (self.ask is None) == (self.call is None):
            raise ValueError("either `ask` or `call`")
        if self.call is not None and (spoken := self.expect.model_fields_set & _OF_ANSWERS):
            raise ValueError(f"a call has no answer to judge: {', '.join(sorted(spoken))}")
        return self


_OF_ANSWERS = {"include", "exclude", "cites", "asks_back", "partial", "not_calls", "no_calls"}


class Turn(Strict):
    """One question of a conversation. `lang` of the answer, where it differs from the case's."""

    ask: str
    lang: Lang | None = None
    expect: TurnExpect


class ConversationCase(Case):
    """Several turns on one thread; the case passes when every turn does."""

    worlds: dict[str, str] = {}
    turns: Annotated[list[Turn], Field(min_length=2)]


AnyCase = RoutingCase | KnowledgeCase | InspectCase | ConversationCase


class _File(Strict):
    half: Half | None = None


class RoutingFile(_File):
    """Requests and the call that each must lead to."""

    suite: Literal["routing"]
    cases: Annotated[list[RoutingCase], Field(min_length=1)]


class KnowledgeFile(_File):
    """Queries and the articles that answer them."""

    suite: Literal["knowledge"]
    cases: Annotated[list[KnowledgeCase], Field(min_length=1)]


class InspectFile(_File):
    """Questions and calls against worlds."""

    suite: Literal["inspect"]
    cases: Annotated[list[InspectCase], Field(min_length=1)]


class ConversationFile(_File):
    """Conversations."""

    suite: Literal["conversation"]
    cases: Annotated[list[ConversationCase], Field(min_length=1)]


CaseFile = RoutingFile | KnowledgeFile | InspectFile | ConversationFile
FILE_TYPES: dict[str, type[CaseFile]] = {
    "routing": RoutingFile,
    "knowledge": KnowledgeFile,
    "inspect": InspectFile,
    "conversation": ConversationFile,
}
