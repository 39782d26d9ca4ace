"""Whether the symbol may be traded at all: ours, active, and no penny stock."""

from typing import ClassVar

from domain.market import SymbolHistory
from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Floor
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class TradableSymbol(Rule):
    """Want a symbol of the mandate that the exchange trades, at a true price that is not too low.

    The price must be unadjusted: an adjusted close says nothing about what a share cost. Exits only need a symbol
    that is not known to be inactive.
    """

    applies_to_exits: ClassVar[bool] = True

    lowest_price: Floor

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Refuse what is known to be wrong first, then say what is not known."""
        bars = situation.market.history.get(trade.symbol)
        wrong = self._wrong(trade.symbol, bars, situation)
        if bars is not None and bars.active is False:
            return self.says(Outcome.HARD, f"{trade.symbol} is not active at the broker")
        if situation.is_exit(trade):
            return self.says(Outcome.PASS, f"{trade.symbol} is not known to be inactive")
        if bars is None or wrong:
            return self.says(Outcome.HARD, wrong)
        if bars.raw_close is None:
            return self.not_evaluated("adjusted closes only, the true price is not known")
        if bars.active is None:
            return self.not_evaluated(f"whether {trade.symbol} is active is not known")
        said = f"{trade.symbol} is active at {bars.raw_close:.2f} USD"
        return self.says(Outcome.PASS, said, observed=bars.raw_close, hard=self.lowest_price)

    def _wrong(self, symbol: str, bars: SymbolHistory | None, situation: Situation) -> str:
        if symbol not in situation.mandate.universe:
            return f"{symbol} is not in the mandate's universe"
        if bars is None:
            return f"{symbol} has no prices in the feed {situation.market.feed!r}"
        if bars.raw_close is not None and bars.raw_close < self.lowest_price:
            return f"{symbol} costs {bars.raw_close:.2f} USD (hard: below {self.lowest_price:g} USD)"
        return ""
