"""How often we trade."""

from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import CountCeiling
from risk_engine.rule import Rule, outcome_below, stricter
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class TradeFrequency(Rule):
    """Cap the session's entries, in all and for each symbol."""

    day_soft: CountCeiling
    day_hard: CountCeiling
    symbol_soft: CountCeiling
    symbol_hard: CountCeiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Count this entry and those accepted before it."""
        earlier = situation.earlier(trade)
        where, count, soft, hard = "the session", earlier.entries + 1, self.day_soft, self.day_hard
        outcome = outcome_below(count, soft, hard)
        of_symbol = earlier.of_symbol + 1
        outcome_of_symbol = outcome_below(of_symbol, self.symbol_soft, self.symbol_hard)
        if stricter(outcome_of_symbol, outcome):
            where, count, soft, hard = trade.symbol, of_symbol, self.symbol_soft, self.symbol_hard
            outcome = outcome_of_symbol
        said = f"entry {count} of {where} (soft {soft}, hard {hard})"
        return self.says(outcome, said, observed=count, soft=soft, hard=hard)
