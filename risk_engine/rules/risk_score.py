"""One number for how risky a trade is."""

from domain.errors import BadInput
from domain.trade import Trade
from domain.verdict import RuleResult
from risk_engine.limits import Ceiling, Estimate, Weights, Window
from risk_engine.rule import Rule, outcome_below
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class RiskScore(Rule):
    """Weigh how much of its soft limits a trade uses up, less for symbols that have paid for their risk.

    100 x sum(w u) x clip(1.25 - 0.25 S, 0.8, 1.25): u is projected / soft of each factor, clipped to [0, 1.5], w its
    weight, renormalised over the factors that can be measured, S the symbol's Sharpe ratio.
    """

    soft: Ceiling
    hard: Ceiling
    weights: Weights
    most_use: Estimate
    sharpe_sessions: Window

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Compare the score with the limits; all three are points."""
        parts = self.parts(trade, situation)
        observed = sum(parts.values())
        shares = ", ".join(f"{name} {points:.0f}" for name, points in parts.items())
        said = f"risk score {observed:.0f} (soft {self.soft:g}, hard {self.hard:g}): {shares}"
        return self.says(
            outcome_below(observed, self.soft, self.hard), said, observed=observed, soft=self.soft, hard=self.hard
        )

    def points(self, trade: Trade, situation: Situation) -> float:
        """Give the score alone."""
        return sum(self.parts(trade, situation).values())

    def parts(self, trade: Trade, situation: Situation) -> dict[str, float]:
        """Tell what each factor adds to the score of the trade at its present quantity, in points."""
        uses = {name: situation.use(name, trade) for name in self.weights}
        known = {name: min(use, self.most_use) for name, use in uses.items() if use is not None}
        total = sum(self.weights[name] for name in known)
        if not total > 0.0:
            raise BadInput(f"no factor of the risk score of {trade.symbol} can be measured", "give it a weight")
        reward = situation.figures.sharpe(trade.symbol, self.sharpe_sessions)
        scale = min(max(1.25 - 0.25 * reward, 0.8), 1.25)
        return {name: 100.0 * scale * self.weights[name] * use / total for name, use in known.items()}
