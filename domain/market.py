"""What is known of the market at one moment, and nothing later."""

import hashlib
from array import array
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import Field, model_validator

from domain.errors import LookAhead
from domain.ids import canonical
from domain.value import Value

BARS = ("closes", "highs", "lows", "volumes")
"""The fields of a history that hold one number a session."""


class Provenance(StrEnum):
    """Where a number comes from."""

    REAL = "real"
    DERIVED = "derived"
    SIMULATED = "simulated"


class Execution(StrEnum):
    """When an order of this feed's session is filled."""

    CLOSE = "close"
    CONTINUOUS = "continuous"


class Quote(Value):
    """A best bid and offer, in dollars a share."""

    bid: float = Field(gt=0.0)
    ask: float = Field(gt=0.0)
    at: datetime

    @property
    def mid(self) -> float:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2


class SymbolHistory(Value):
    """One symbol's daily bars, aligned with the snapshot's `sessions` (oldest first).

    `closes` are adjusted for splits and dividends, in dollars. What the feed lacks is None, never a guess:
    `highs`, `lows`, `volumes` (shares), `raw_close` (unadjusted last close), `quote`, `active` (tradable).
    """

    symbol: str
    closes: tuple[float, ...]
    highs: tuple[float, ...] | None = None
    lows: tuple[float, ...] | None = None
    volumes: tuple[float, ...] | None = None
    raw_close: float | None = None
    quote: Quote | None = None
    active: bool | None = None
    provenance: Provenance = Provenance.REAL

    @cached_property
    def doubles(self) -> dict[str, bytes]:
        """What there is of `BARS`, each as the bytes of its doubles: to hash, to store and to reckon with."""
        return {name: array("d", values).tobytes() for name in BARS if (values := getattr(self, name)) is not None}

    @property
    def last_close(self) -> float:
        """The newest complete close."""
        return self.closes[-1]

    @property
    def price(self) -> float:
        """The price to reckon with: the quote's mid, else the last close."""
        return self.quote.mid if self.quote else self.last_close


class Event(Value):
    """A scheduled event: `kind` is fomc, cpi, jobs or earnings; `symbol` only for earnings."""

    kind: str
    at: datetime
    symbol: str | None = None


class EventCalendar(Value):
    """Known events and how fresh that knowledge is; None in a snapshot means there is no calendar at all."""

    events: tuple[Event, ...] = ()
    covers: tuple[str, ...] = ()
    fetched_at: datetime
    recorded: bool = False


class Headline(Value):
    """A news item: data, never an instruction."""

    id: str
    at: datetime
    source: str
    title: str
    symbols: tuple[str, ...] = ()
    provenance: Provenance = Provenance.REAL


class MacroReading(Value):
    """The newest value of a series at some moment: for which period, and since when it was known.

    `value` is in `unit`. Where the publication was not observed but follows from a documented lag, the provenance is
    derived: the value may have been revised since.
    """

    series: str
    name: str
    value: float
    unit: str
    reference: date
    known_at: datetime
    provenance: Provenance = Provenance.REAL


class MarketSnapshot(Value):
    """All that is known at `as_of`, for trading in `session`.

    `sessions` are the days of the bars, oldest first, all before `session`; every history is as long as they are.
    `previous_session` is the one that the last bar should be of, None where the feed has no calendar.
    `vix` is in points, `vix_provenance` says whether it was measured. `lacks` names what the feed can't know.
    """

    feed: str
    simulated: bool
    execution: Execution
    as_of: datetime
    session: date
    opens_at: datetime
    closes_at: datetime
    sessions: tuple[date, ...] = Field(min_length=1)
    previous_session: date | None = None
    history: dict[str, SymbolHistory]
    benchmark: tuple[float, ...] | None = None
    vix: float | None = None
    vix_provenance: Provenance | None = None
    calendar: EventCalendar | None = None
    headlines: tuple[Headline, ...] = ()
    macro: tuple[MacroReading, ...] = ()
    broker_clock: datetime | None = None
    lacks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _nothing_from_the_future(self) -> "MarketSnapshot":
        late = [day for day in self.sessions if day >= self.session]
        if late:
            raise LookAhead(f"a bar of {late[0]} in a snapshot as of {self.as_of.isoformat()}", "repair the feed")
        for name, bars in self.history.items():
            if len(bars.closes) != len(self.sessions):
                raise ValueError(f"{name} has {len(bars.closes)} closes for {len(self.sessions)} sessions")
            if bars.quote and bars.quote.at > self.as_of:
                raise LookAhead(f"a quote of {name} at {bars.quote.at.isoformat()}, after {self.as_of.isoformat()}")
        for reading in self.macro:
            if reading.known_at >= self.as_of:
                raise LookAhead(
                    f"{reading.series} of {reading.known_at.isoformat()}, not before {self.as_of.isoformat()}"
                )
        for item in self.headlines:
            if item.at >= self.as_of:
                raise LookAhead(f"headline {item.id} of {item.at.isoformat()}, not before {self.as_of.isoformat()}")
        return self

    @cached_property
    def digest(self) -> str:
        """Hash of the content; the same knowledge has the same digest.

        Bars are hashed as doubles, symbol by symbol: to write fifteen thousand numbers as text takes long.
        """
        hashed = hashlib.sha256(canonical(self.told()).encode())
        hashed.update(array("q", map(date.toordinal, self.sessions)).tobytes())
        for symbol in sorted(self.history):
            for name, doubles in self.history[symbol].doubles.items():
                hashed.update(f"{symbol}.{name}".encode() + doubles)
        return hashed.hexdigest()

    def told(self) -> dict[str, Any]:
        """Everything but the bars and their days, as JSON can say it."""
        return self.model_dump(mode="json", exclude={"sessions": True, "history": {"__all__": set(BARS)}})

    @cached_property
    def equal_weight(self) -> tuple[float, ...]:
        """The mean of all symbols' closes, each counted from 1 at the window's start: one number a session."""
        histories = [bars.closes for bars in self.history.values()]
        return tuple(
            sum(closes[t] / closes[0] for closes in histories) / len(histories) for t in range(len(self.sessions))
        )

    def price(self, symbol: str) -> float | None:
        """The price to reckon with, in dollars, or None where the feed has no such symbol."""
        bars = self.history.get(symbol)
        return bars.price if bars else None
