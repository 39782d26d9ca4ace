"""What every node may reach: the ports of one portfolio, handed in by the composition root."""

from dataclasses import dataclass
from typing import Protocol

from domain.episodes import EpisodeIndex
from domain.mandate import Mandate
from domain.ports import Analyst, Broker, Clock, Gate, Locks, MarketData
from domain.records import BreakerLevels
from domain.storage import Ledger
from graph.gate import RoomKeeper


class LevelKeeper(Protocol):
    """The policy, as the breakers use it."""

    def breaker_levels(self) -> BreakerLevels:
        """Tell where the breakers act."""


class Till(Protocol):
    """What it takes to stop a desk and to ask about its orders: no model, no prices, no graph."""

    @property
    def portfolio(self) -> str:
        """The portfolio's name."""

    @property
    def clock(self) -> Clock:
        """Market time."""

    @property
    def broker(self) -> Broker:
        """The account."""

    @property
    def ledger(self) -> Ledger:
        """The truth."""


class Floor(Till, Protocol):
    """What it takes to look at a desk, and to let it go on: no model, no gate, no graph."""

    @property
    def mandate(self) -> Mandate:
        """What the portfolio is for."""

    @property
    def market(self) -> MarketData:
        """The feed."""


@dataclass(frozen=True, slots=True)
class Context:
    """One portfolio's mandate and ports; without `recall` nothing is remembered."""

    mandate: Mandate
    clock: Clock
    market: MarketData
    broker: Broker
    ledger: Ledger
    analyst: Analyst
    gate: Gate
    locks: Locks
    rooms: RoomKeeper
    levels: LevelKeeper
    recall: EpisodeIndex | None = None

    @property
    def portfolio(self) -> str:
        """The portfolio's name."""
        return self.mandate.name
