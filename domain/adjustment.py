"""What changes holdings without an order of ours: splits, new symbols, trades made by hand at the broker."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pydantic import Field, model_validator

from domain.orders import Fill
from domain.trade import ExitPlan
from domain.value import Value


class AdjustmentKind(StrEnum):
    """What happened."""

    SPLIT = "split"
    RENAME = "rename"
    EXTERNAL = "external"
    ACCEPTED = "accepted"
    PLAN = "plan"


class CorporateAction(Value):
    """A split or a new symbol, from the open of `effective` on; `key` names it once and for all.

    A split gives `new_units` for `old_units` (4 for 1, or 1 for 10 in a reverse split); a rename gives `new_symbol`.
    """

    key: str = Field(min_length=1, max_length=80)
    kind: AdjustmentKind
    symbol: str = Field(min_length=1)
    new_symbol: str | None = None
    new_units: int = Field(default=1, ge=1, le=10_000)
    old_units: int = Field(default=1, ge=1, le=10_000)
    effective: date

    @model_validator(mode="after")
    def _says_what_it_is(self) -> "CorporateAction":
        if self.kind not in {AdjustmentKind.SPLIT, AdjustmentKind.RENAME}:
            raise ValueError("kind must be split or rename")
        if self.kind is AdjustmentKind.SPLIT and self.new_units == self.old_units:
            raise ValueError("a split must change the number of units")
        if (self.kind is AdjustmentKind.RENAME) != (self.new_symbol not in {None, self.symbol}):
            raise ValueError("a rename, and nothing else, must have another new_symbol")
        return self

    @property
    def sentence(self) -> str:
        """Say it in a few words."""
        if self.kind is AdjustmentKind.RENAME:
            return f"{self.symbol} is called {self.new_symbol} from {self.effective} on"
        return f"{self.symbol} was split {self.new_units} for {self.old_units} on {self.effective}"


class Adjustment(Value):
    """One change of a holding that no order of ours made, as the ledger booked it, once a `key`; or its exit plan.

    `quantity` are units added (negative: taken), `cash` dollars added; for a split they are the fraction of a unit
    that was paid out and what it brought. `price` is dollars a unit, None for a split without a fraction and a rename.
    """

    key: str
    kind: AdjustmentKind
    symbol: str
    new_symbol: str | None = None
    new_units: int = 1
    old_units: int = 1
    quantity: Decimal = Decimal(0)
    cash: Decimal = Decimal(0)
    price: Decimal | None = None
    session: date
    at: datetime
    by: str = "desk"
    reason: str = ""


@runtime_checkable
class CorporateActions(Protocol):
    """A feed or a broker that knows splits and new symbols."""

    def corporate_actions(self, symbols: tuple[str, ...], since: date) -> tuple[CorporateAction, ...]:
        """List what took effect on or after `since`, oldest first; repeats are allowed, each with the same key.

        Raises:
            Transient: the vendor did not answer; the same call may work later.
        """
        ...


class AdjustmentStore(Protocol):
    """What changes holdings without an order of ours: each is booked once, with its audit row."""

    def apply_corporate_action(
        self, portfolio: str, action: CorporateAction, price: Decimal | None, by: str, *, fractions: bool = False
    ) -> Adjustment | None:
        """Carry a split or a new symbol through holding, plan, open orders and what waits; None when done before.

        The cost stays. Unless `fractions` can be held, what is left of a unit is paid out at `price` (dollars a new
        unit). Proposals of the symbol that are not at the broker end: what their card showed is no longer true.

        Raises:
            BadInput: a fraction is left and `price` is None.
        """
        ...

    def adopt_external(self, portfolio: str, fills: Sequence[Fill]) -> int:
        """Book executions of orders that are not ours, once each; return how many were new."""
        ...

    def plan_external(self, portfolio: str, symbol: str, plan: ExitPlan, by: str) -> None:
        """Give a holding that no proposal opened its exit plan, once for as long as it is held."""
        ...

    def accept_mismatches(
        self, portfolio: str, prices: Mapping[str, Decimal], session: date, at: datetime, by: str, reason: str
    ) -> tuple[Adjustment, ...]:
        """Take over what the broker says of the symbols in `prices` (dollars a unit; `CASH`: 1).

        Raises:
            BadInput: nothing differs there; says what does.
        """
        ...

    def holdings(self, portfolio: str) -> dict[str, date]:
        """Map what is held to the session it was opened in."""
        ...

    def adjustments(self, portfolio: str) -> tuple[Adjustment, ...]:
        """List adjustments, oldest first."""
        ...
