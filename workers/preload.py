"""Import once, before the forks, what every child of a worker would import for itself: it opens nothing."""

from typing import Protocol, runtime_checkable

from agent.analysts import ANALYSTS
from memory.checkpoints import load_postgres
from risk_engine.rules import RULES
from tools.brokers import BROKERS
from tools.market_data import MARKET_DATA
from workers.settings import Settings


@runtime_checkable
class Heavy(Protocol):
    """An adapter whose library takes long to import."""

    @staticmethod
    def load() -> None:
        """Import it; connects nothing and starts no thread."""


def preload(settings: Settings) -> None:
    """Import the adapters that the settings name, their libraries, the drivers and the rules."""
    adapters = (BROKERS[settings.broker], MARKET_DATA[settings.market_data], ANALYSTS[settings.analyst])
    for adapter in adapters:
        if isinstance(adapter, Heavy):
            adapter.load()
    for name in RULES.names():
        RULES[name]
    if settings.postgres is not None:
        load_postgres()
