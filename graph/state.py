"""What LangGraph carries between nodes: plain JSON only, small, everything large by its digest."""

from operator import add, or_
from typing import Annotated, Any, TypedDict

Plain = dict[str, Any]
"""A value as `model_dump(mode="json")` wrote it."""


class Decision(TypedDict, total=False):
    """One run of decide."""

    slot: str
    session: str
    snapshot: str
    scan: str
    note: Plain | None
    desk: Plain
    theses: Annotated[list[Plain], add]
    undecided: Annotated[dict[str, str], or_]
    proposals: list[Plain]


class Topic(TypedDict):
    """One branch of the fan-out: which symbol to argue about."""

    slot: str
    scan: str
    desk: Plain
    note: Plain
    symbol: str


class Ticket(TypedDict, total=False):
    """One proposal on its way through settle."""

    proposal_id: str
    decision: str
    answer: str
