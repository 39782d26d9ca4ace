"""What trading costs at the simulated broker, in exact decimals."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import BadInput
from domain.proposal import describe
from domain.trade import Side
from domain.value import Value

MICRO = Decimal("0.000001")
"""Prices and commissions are whole millionths of a dollar."""


class Costs(Value):
    """Spread and slippage in basis points of the price, commission in dollars a share with a minimum per order.

    At most `max_fill_notional` dollars of one order are filled at one close.
    """

    half_spread_bps: Decimal = Field(default=Decimal(2), ge=0, le=1000)
    slippage_bps: Decimal = Field(default=Decimal(3), ge=0, le=1000)
    commission_per_share: Decimal = Field(default=Decimal("0.005"), ge=0, le=100, decimal_places=6)
    minimum_commission: Decimal = Field(default=Decimal("1.0"), ge=0, le=1000, decimal_places=6)
    max_fill_notional: Decimal = Field(default=Decimal(250_000), gt=0)

    @property
    def sentence(self) -> str:
        """Say in a sentence what trading costs."""
        return (
            f"{self.half_spread_bps + self.slippage_bps} bp of spread and slippage, ${self.commission_per_share} "
            f"a share (at least ${self.minimum_commission}) commission, at most ${self.max_fill_notional:,} of one "
            "order at one close"
        )

    def price(self, close: Decimal, side: Side) -> Decimal:
        """Make `close` worse by half the spread and the slippage, rounded against the trader, in dollars."""
        share = (self.half_spread_bps + self.slippage_bps) / 10_000
        if side is Side.BUY:
            return (close * (1 + share)).quantize(MICRO, ROUND_CEILING)
        return max((close * (1 - share)).quantize(MICRO, ROUND_FLOOR), MICRO)

    def commission(self, shares: Decimal, notional: Decimal) -> Decimal:
        """Charge one order for all its executions together, never more than they are worth, in dollars."""
        if not shares:
            return Decimal(0)
        return min(max(shares * self.commission_per_share, self.minimum_commission), notional)

    def most_at_one_close(self, price: Decimal) -> Decimal:
        """Count the whole shares that one close fills at `price`."""
        return self.max_fill_notional // price


class SimulatedBrokerSettings(BaseSettings, Costs):
    """The costs, read from PM_SIM_HALF_SPREAD_BPS, PM_SIM_SLIPPAGE_BPS, PM_SIM_COMMISSION_PER_SHARE and so on."""

    model_config = SettingsConfigDict(env_prefix="PM_SIM_", frozen=True)

    @classmethod
    def read(cls) -> Self:
        """Read the settings; raises BadInput naming the variable."""
        try:
            return cls()
        except ValidationError as error:
            field, _, fault = describe(error).partition(":")
            raise BadInput(f"PM_SIM_{field.upper()}:{fault}", "correct the variable; .env.example lists them") from None
