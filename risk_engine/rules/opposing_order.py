"""Trading against ourselves."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class OpposingOrder(Rule):
    """Refuse an entry while an own order is open on the other side.

    The protective legs of the position's own plan are no such order: adding to it replaces them.
    """

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look through the open orders."""
        position = situation.book.positions.get(trade.symbol)
        plan_of = position.proposal_id if position else None
        for order in situation.book.working:
            is_leg = order.reduces and plan_of is not None and order.proposal_id == plan_of
            if order.symbol == trade.symbol and order.side is not trade.side and not is_leg:
                said = f"an own {order.side.value} of {order.quantity:g} {order.symbol} is open"
                return self.says(Outcome.HARD, f"{said} (P-{order.proposal_id})")
        return self.says(Outcome.PASS, f"no own order on the other side of {trade.symbol}")
