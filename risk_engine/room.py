"""What is left under the soft limits: what an analyst is told before it asks."""

from domain.errors import DeskError
from domain.research import Room
from risk_engine.policy import Policy
from risk_engine.rules.cash_buffer import CashBuffer
from risk_engine.rules.max_leverage import MaxLeverage
from risk_engine.rules.max_order_notional import MaxOrderNotional
from risk_engine.rules.max_position_weight import MaxPositionWeight
from risk_engine.rules.max_sector_weight import MaxSectorWeight
from risk_engine.situation import Situation

EVERYTHING = 1.0


def left(policy: Policy, situation: Situation) -> Room:
    """Tell what is left, as fractions of equity and never negative; none where the book can't be reckoned.

    `per_position` is what a stock we do not hold yet may come to in one order; a disabled rule leaves everything.
    """
    sectors = sorted({member.sector for member in situation.mandate.universe.values()})
    try:
        return Room(
            cash=_cash(policy, situation),
            gross=_gross(policy, situation),
            per_position=_per_position(policy),
            per_sector={sector: _sector(policy, situation, sector) for sector in sectors},
        )
    except DeskError:
        return Room(cash=0.0, gross=0.0, per_position=0.0, per_sector=dict.fromkeys(sectors, 0.0))


def _cash(policy: Policy, situation: Situation) -> float:
    rule = policy.find(CashBuffer)
    return max(situation.free_cash - (rule.buffer(situation) if rule else 0.0), 0.0)


def _gross(policy: Policy, situation: Situation) -> float:
    rule = policy.find(MaxLeverage)
    return max(rule.soft - situation.gross, 0.0) if rule else EVERYTHING


def _per_position(policy: Policy) -> float:
    position, order = policy.find(MaxPositionWeight), policy.find(MaxOrderNotional)
    return min(position.soft if position else EVERYTHING, order.soft if order else EVERYTHING)


def _sector(policy: Policy, situation: Situation, sector: str) -> float:
    rule = policy.find(MaxSectorWeight)
    return max(rule.budget(sector)[0] - situation.sectors.get(sector, 0.0), 0.0) if rule else EVERYTHING
