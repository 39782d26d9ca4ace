"""What every node may reach: the ports of one portfolio, handed in by the composition root."""

from dataclasses import dataclass

from domain.mandate import Mandate
from domain.ports import Analyst, Broker, Clock, Gate, Locks, MarketData
from domain.storage import Ledger
from graph.gate import RoomKeeper


@dataclass(frozen=True, slots=True)
class Context:
    """One portfolio's mandate and ports."""

    mandate: Mandate
    clock: Clock
    market: MarketData
    broker: Broker
    ledger: Ledger
    analyst: Analyst
    gate: Gate
    locks: Locks
    rooms: RoomKeeper

    @property
    def portfolio(self) -> str:
        """The portfolio's name."""
        return self.mandate.name
