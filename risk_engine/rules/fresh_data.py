"""How old the numbers are that the trade is judged on."""

from domain.market import Execution
from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, CountCeiling
from risk_engine.rule import Rule, outcome_below, stricter
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class FreshData(Rule):
    """Want the last bar to be the previous session's, and a continuous feed's quote and account to be young.

    A feed whose orders fill on the close has no quotes, and there the account stands still with the market.
    """

    bar_days: CountCeiling
    quote_soft_seconds: Ceiling
    quote_hard_seconds: Ceiling
    account_soft_seconds: Ceiling
    account_hard_seconds: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Take the stricter of quote and account, once the bar is right."""
        market, book = situation.market, situation.book
        days = (market.session - market.sessions[-1]).days
        if days > self.bar_days:
            said = f"the last bar is of {market.sessions[-1]}, {days} days before {market.session}"
            return self.says(Outcome.HARD, f"{said} (hard {self.bar_days})", observed=days, hard=self.bar_days)
        if market.previous_session not in {None, market.sessions[-1]}:
            said = f"the last bar is of {market.sessions[-1]}, the session before was {market.previous_session}"
            return self.says(Outcome.HARD, said, observed=days, hard=self.bar_days)
        if market.execution is Execution.CLOSE:
            return self.says(Outcome.PASS, f"the last bar is of {market.sessions[-1]}")
        bars = market.history.get(trade.symbol)
        if bars is None or bars.quote is None:
            return self.not_evaluated(f"{trade.symbol} has no quote")
        if book.account_age_seconds is None:
            return self.not_evaluated("the age of the account is not known")
        what, seconds = "quote", (market.as_of - bars.quote.at).total_seconds()
        soft, hard = self.quote_soft_seconds, self.quote_hard_seconds
        outcome = outcome_below(seconds, soft, hard)
        account = outcome_below(book.account_age_seconds, self.account_soft_seconds, self.account_hard_seconds)
        if stricter(account, outcome):
            what, seconds, outcome = "account", book.account_age_seconds, account
            soft, hard = self.account_soft_seconds, self.account_hard_seconds
        said = f"the {what} is {seconds:.0f} s old (soft {soft:g} s, hard {hard:g} s)"
        return self.says(outcome, said, observed=seconds, soft=soft, hard=hard)
