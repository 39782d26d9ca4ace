"""A portfolio's mandate: universe, style, limits it tightens, schedule and approvers, read from one TOML file."""

import tomllib
from datetime import date, time
from pathlib import PurePath
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from domain.cron import Cron, parse_cron
from domain.errors import BadInput, BadMandate
from domain.proposal import describe
from domain.rebalancing import Rebalance
from domain.scan import Style
from domain.value import PositiveFraction, Value


class Instrument(Value):
    """One member of the universe."""

    name: str = Field(min_length=1, max_length=80)
    sector: str = Field(min_length=1, max_length=40)
    kind: str = Field(default="stock", pattern=r"^(stock|etf)$")


class Schedule(Value):
    """When the desk runs by itself: New York time, session days only.

    `decide` is the daily research; `research` adds cron expressions, for example "0 11,14 * * *". A slot that has not
    begun `deadline_minutes` after its time (research before the open: after the open) is skipped and told.
    """

    decide: time = time(9, 30)
    settle_after_minutes: int = Field(default=5, ge=0, le=120)
    research: tuple[str, ...] = ()
    deadline_minutes: int = Field(default=60, ge=5, le=360)
    rebalance: Rebalance = Rebalance.MONTHLY
    rebalance_at: time = time(10, 0)

    @field_validator("research")
    @classmethod
    def _crons_can_be_read(cls, research: tuple[str, ...]) -> tuple[str, ...]:
        for text in research:
            try:
                parse_cron(text)
            except BadInput as error:
                raise ValueError(str(error)) from None
        return research

    @property
    def crons(self) -> tuple[Cron, ...]:
        """The cron expressions, read."""
        return tuple(parse_cron(text) for text in self.research)


class Mandate(Value):
    """What one portfolio is for. Fractions are of equity."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    title: str = ""
    start: date
    starting_cash: float = Field(gt=0.0, le=1e12)
    benchmark: str = "equal_weight"
    style: Style
    shortlist: int = Field(default=5, ge=1, le=20)
    target_position_pct: PositiveFraction = 0.06
    trailing_stop: bool = False
    approval_minutes: int = Field(default=15, ge=1, le=24 * 60)
    universe: dict[str, Instrument] = Field(min_length=1)
    watch: tuple[str, ...] = ()
    restricted: dict[str, str] = Field(default_factory=dict)
    limits: dict[str, dict[str, Any]] = Field(default_factory=dict)
    schedule: Schedule = Schedule()
    approvers: tuple[str, ...] = ("local",)

    @field_validator("universe")
    @classmethod
    def _symbols_look_like_symbols(cls, universe: dict[str, Instrument]) -> dict[str, Instrument]:
        for symbol in universe:
            if not symbol or symbol != symbol.upper() or not symbol.replace(".", "").replace("-", "").isalnum():
                raise ValueError(f"symbol {symbol!r} must be capital letters and digits, like AAPL or BRK.B")
        return universe

    @model_validator(mode="after")
    def _lists_stay_inside(self) -> "Mandate":
        for key in ("watch", "restricted"):
            outside = [symbol for symbol in getattr(self, key) if symbol not in self.universe]
            if outside:
                raise ValueError(f"{key}: {outside[0]!r} is not in the universe; add it there or remove it here")
        return self

    def sector(self, symbol: str) -> str:
        """The sector of a symbol, or `unknown`."""
        member = self.universe.get(symbol)
        return member.sector if member else "unknown"


def parse_mandate(text: str, source: PurePath | str) -> Mandate:
    """Read a mandate.

    Raises:
        BadMandate: not TOML, an unknown or missing key, a value out of range; names file, key, value and remedy.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMandate(
            f"{source}: not valid TOML: {error}", "correct the file; portfolios/demo.toml is an example"
        ) from None
    try:
        return Mandate.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Mandate.model_fields))
            raise BadMandate(f"{source}: unknown key {key!r}", f"remove it or choose one of: {known}") from None
        if first["type"] == "missing":
            raise BadMandate(
                f"{source}: key {key!r} is missing", "add it; portfolios/demo.toml is an example"
            ) from None
        raise BadMandate(f"{source}: {describe(error)}", "correct this value") from None
