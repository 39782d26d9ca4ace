"""Paper trading accounts, one file per vendor; the file's name is the broker's key."""

from pathlib import Path
from typing import Protocol

from domain.mandate import Mandate
from domain.ports import Broker, Clock
from domain.registry import Registry


class BrokerAdapter(Protocol):
    """A vendor's adapter: it knows how to connect, with settings of its own."""

    def connect(self, home: Path, mandate: Mandate, clock: Clock) -> Broker:
        """Open the mandate's account; raises NotPaper where it is not a paper account."""


BROKERS: Registry[BrokerAdapter] = Registry("tools.brokers", "broker")
