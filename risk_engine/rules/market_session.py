"""Whether the exchange is open, and not just opening or closing."""

from typing import ClassVar

from domain.market import Execution
from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Floor, moment
from risk_engine.rule import TOLERANCE, Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class MarketSession(Rule):
    """Trade inside regular hours only, and ask in the first and last minutes.

    Orders that fill on the close have no first and last minutes. An exit only needs an open exchange.
    """

    applies_to_exits: ClassVar[bool] = True
    same_for_entries: ClassVar[bool] = True

    first_minutes: Floor
    last_minutes: Floor

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Measure the minutes to the nearer end of the session."""
        market = situation.market
        since = (market.as_of - market.opens_at).total_seconds() / 60.0
        left = (market.closes_at - market.as_of).total_seconds() / 60.0
        if since < 0.0 or left <= 0.0:
            return self.says(Outcome.HARD, f"the exchange is closed at {moment(market.as_of)}")
        if situation.is_exit(trade) or market.execution is Execution.CLOSE:
            return self.says(Outcome.PASS, f"session of {market.session}")
        if since < self.first_minutes - TOLERANCE:
            said = f"{since:.1f} min after the open (soft: the first {self.first_minutes:g} min)"
            return self.says(Outcome.SOFT, said, observed=since, soft=self.first_minutes)
        if left < self.last_minutes - TOLERANCE:
            said = f"{left:.1f} min before the close (soft: the last {self.last_minutes:g} min)"
            return self.says(Outcome.SOFT, said, observed=left, soft=self.last_minutes)
        return self.says(Outcome.PASS, f"{since:.0f} min after the open, {left:.0f} min before the close")
