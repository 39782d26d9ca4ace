"""The trade proposal: the one thing that can become an order, in the owner's JSON and units."""

import json
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from domain.errors import BadProposal
from domain.ids import digest
from domain.value import Fraction, Value

HIGHEST_PRICE = 1e9
"""Dollars a unit; no security costs as much, and the ledger's integers hold it."""


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("the character NUL can't be stored")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
Price = Annotated[float, Field(gt=0.0, le=HIGHEST_PRICE)]


class Action(StrEnum):
    """What to do with the symbol."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


class Origin(StrEnum):
    """Who had the idea; set by the system, never by the proposal."""

    MODEL = "model"
    QUANT = "quant"
    PERSON = "person"
    ALERT = "alert"
    MONITOR = "monitor"
    FLATTEN = "flatten"


class OrderType(StrEnum):
    """How the order is to be worked."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    BRACKET = "bracket"

    @property
    def uses_stop(self) -> bool:
        """Whether the stop price is part of the order, not only of the exit plan."""
        return self in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.BRACKET}


class OptionLeg(Value):
    """One leg of an option position; representable, and refused by policy."""

    contract: Text
    side: Literal["BUY", "SELL"]
    ratio: int = Field(ge=1, le=100)


class TradeProposal(Value):
    """A change to the portfolio that somebody argues for.

    `position_size_pct` is a fraction of equity in (0, 1] that the trade adds (BUY) or removes (SELL);
    0 for HOLD. `expected_upside_pct` [0, 1000] and `worst_case_loss_pct` [0, 100] are per cent.
    `confidence` is the probability that the trade ends above its entry, net of cost, at its horizon.
    """

    symbol: str = Field(min_length=1, max_length=24, pattern=r"^[A-Z][A-Z0-9.\-/]*$")
    action: Action
    position_size_pct: Fraction
    reason: Text = Field(min_length=1, max_length=2000)
    confidence: Fraction
    risk_level: Literal["low", "medium", "high"]
    expected_upside_pct: float = Field(ge=0.0, le=1000.0)
    worst_case_loss_pct: float = Field(ge=0.0, le=100.0)
    time_horizon_days: int = Field(ge=1, le=365, strict=True)
    evidence: tuple[Text, ...] = Field(default=(), max_length=40)
    order_type: OrderType = OrderType.MARKET
    limit_price: Price | None = None
    stop_price: Price | None = None
    take_profit_price: Price | None = None
    legs: tuple[OptionLeg, ...] = Field(default=(), max_length=4)

    @model_validator(mode="after")
    def _size_fits_action(self) -> "TradeProposal":
        if self.action is Action.HOLD and self.position_size_pct != 0.0:
            raise ValueError("position_size_pct must be 0 for HOLD")
        if self.action is not Action.HOLD and self.position_size_pct <= 0.0:
            raise ValueError(
                f"position_size_pct must be in (0, 1] for {self.action}: a fraction of equity, 0.06 is 6 %"
            )
        return self

    @model_validator(mode="after")
    def _prices_fit_type(self) -> "TradeProposal":
        if self.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and self.limit_price is None:
            raise ValueError(f"limit_price is required for order_type {self.order_type.value!r}")
        if self.order_type in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.BRACKET} and self.stop_price is None:
            raise ValueError(f"stop_price is required for order_type {self.order_type.value!r}")
        if self.order_type is OrderType.BRACKET and self.take_profit_price is None:
            raise ValueError("take_profit_price is required for order_type 'bracket'")
        return self

    @cached_property
    def payload_hash(self) -> str:
        """Hash of everything that was proposed; what a person approves is bound to it."""
        return digest(self.model_dump(mode="json"))


def parse_proposal(raw: object) -> TradeProposal:
    """Read one proposal, strictly.

    Raises:
        BadProposal: an unknown or missing field, a number out of range, a wrong case; names field and value.
    """
    if not isinstance(raw, dict):
        raise BadProposal(f"a proposal is a JSON object, not {type(raw).__name__}", "see the README for an example")
    for key in ("position_size_pct", "confidence", "expected_upside_pct", "worst_case_loss_pct"):
        if isinstance(raw.get(key), (str, bool)):
            raise BadProposal(f"{key}: {raw[key]!r} is not a number", "write it without quotes")
    try:
        return TradeProposal.model_validate(raw)
    except ValidationError as error:
        raise BadProposal(describe(error), "correct the field; units are in the README under 'The proposal'") from None


def parse_proposals(text: str) -> tuple[TradeProposal, ...]:
    """Read a JSON text that holds one proposal or a list of them; one bad member refuses the whole text.

    Raises:
        BadProposal: not JSON, NaN or infinity, duplicate keys, empty, or a member that can't be read.
    """
    if not text.strip():
        raise BadProposal("the text is empty", "write one proposal, or a list of them, as JSON")
    try:
        raw = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
    except json.JSONDecodeError as error:
        raise BadProposal(
            f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}", "complete or correct the file"
        ) from None
    except ValueError:
        raise BadProposal("a number has more digits than can be read", "every number must be in its range") from None
    except RecursionError:
        raise BadProposal("the JSON is nested too deeply", "write one proposal, or a flat list of them") from None
    members = raw if isinstance(raw, list) else [raw]
    if not members:
        raise BadProposal("the list is empty", "write at least one proposal")
    found = []
    for number, member in enumerate(members, start=1):
        try:
            found.append(parse_proposal(member))
        except BadProposal as error:
            raise BadProposal(f"proposal {number} of {len(members)}: {error.message}", error.remedy) from None
    return tuple(found)


def describe(error: ValidationError) -> str:
    """Say in one line which field of a value is wrong, what was met, and what was expected."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    met = "" if first["type"] in {"missing", "value_error"} else f" (met {_shorten(first['input'])})"
    text = first["msg"].removeprefix("Value error, ")
    return f"{where}: {text}{met}" if where else f"{text}{met}"


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - what fits on a line


def _refuse_constant(name: str) -> Any:
    raise BadProposal(f"{name} is not a number", "every number must be finite")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise BadProposal(f"key {min(twice)!r} stands twice in one object", "write each field once")
    return dict(pairs)
