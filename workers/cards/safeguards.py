"""What a yes to a proposal takes: one tap, a confirmation, or two people."""

from typing import NamedTuple

from domain.mandate import Mandate
from domain.records import ProposalRecord
from domain.trade import Side
from domain.verdict import Outcome
from graph.two_people import alone
from workers.cards.view import CardView

CONFIRM_ABOVE = 0.05
"""A fraction of equity: above it, a yes is confirmed."""
TWO_OVERRIDES = 2


class Safeguards(NamedTuple):
    """`reasons` say why two people are needed; `single` that the mandate has one, who confirms twice."""

    confirm: bool
    reasons: tuple[str, ...]
    single: bool

    @property
    def takes_two(self) -> bool:
        """Whether one yes is not enough."""
        return bool(self.reasons)


def safeguards_of(view: CardView, mandate: Mandate) -> Safeguards:
    """Tell what a yes to the proposal on a card takes."""
    return Safeguards(view.weight > CONFIRM_ABOVE, reasons_for_two(view.record), alone(mandate))


def reasons_for_two(record: ProposalRecord) -> tuple[str, ...]:
    """Why one yes is not enough; empty where it is."""
    trade, results = record.trade, record.verdict.results if record.verdict else ()
    soft = [result.rule for result in results if result.outcome is Outcome.SOFT]
    found = []
    if "max_position_weight" in soft:
        found.append("above the soft position limit")
    if trade is not None and trade.side is Side.SELL and not trade.reduces:
        found.append("it opens a short position")
    if record.proposal.legs:
        found.append("it opens an option position")
    if len(soft) >= TWO_OVERRIDES:
        found.append(f"{len(soft)} soft limits are overridden")
    return tuple(found)
