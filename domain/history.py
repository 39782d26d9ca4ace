"""What a ledger tells of a portfolio's whole past: fills, first verdicts, changes of control, one digest of all."""

from collections.abc import Iterator
from datetime import date
from typing import Protocol

from domain.book import ControlState
from domain.orders import Fill
from domain.proposal import Origin
from domain.records import Approval, Cause, EquityPoint, Flow, ProposalStatus
from domain.value import Value
from domain.verdict import Decision, Outcome


class FirstVerdict(Value):
    """The first verdict on a proposal, and what became of it.

    `breached` maps each rule that stood in the way to how; `sized_by` names the rules that made it smaller. Quantities
    are in units: asked, allowed at first, filled in the end.
    """

    proposal_id: str
    session: date
    symbol: str
    origin: Origin
    reduces: bool
    decision: Decision
    asked_quantity: float
    quantity: float
    filled_quantity: float
    price: float
    breached: dict[str, Outcome]
    sized_by: tuple[str, ...]
    status: ProposalStatus


class ControlChange(Value):
    """One change of the control state: from what to what, in which session, for which cause, by whom."""

    session: date
    was: ControlState
    state: ControlState
    cause: Cause
    by: str
    reason: str


class History(Protocol):
    """A portfolio's past, read whole: for reports and for the evaluation of decisions, never on the order path."""

    def all_fills(self, portfolio: str) -> tuple[Fill, ...]:
        """List every execution, oldest first."""
        ...

    def first_verdicts(self, portfolio: str) -> Iterator[FirstVerdict]:
        """Read the first verdict on every proposal that has one, by session and batch."""
        ...

    def all_approvals(self, portfolio: str) -> tuple[Approval, ...]:
        """List every answer, oldest first."""
        ...

    def all_equity_points(self, portfolio: str) -> tuple[EquityPoint, ...]:
        """List the equity of every session, oldest first."""
        ...

    def flows(self, portfolio: str) -> tuple[Flow, ...]:
        """List flows, oldest first."""
        ...

    def control_changes(self, portfolio: str) -> tuple[ControlChange, ...]:
        """List every change of the control state, oldest first."""
        ...

    def fact_digest(self, portfolio: str) -> str:
        """Hash every fact of the portfolio: the same history has the same digest, whenever and however it was made.

        Left out: time on the wall, counts of attempts, the version of the code, and the audit chain, which holds them.
        """
        ...
