"""What it takes to stop a desk: its ledger, and its broker when asked for; no model, no graph, no checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from domain.mandate import Mandate
from domain.ports import Broker, Clock, MarketData
from domain.storage import Ledger
from tools.brokers import BROKERS
from tools.market_data import MARKET_DATA
from workers.clocks import choose_clock, stand_in
from workers.live import live_market
from workers.logs import log_to
from workers.mandates import read_mandate
from workers.settings import Settings, read_settings
from workers.storage import open_ledger


@dataclass(frozen=True)
class OpenTill:
    """Implements `graph.context.Floor`; broker and market are connected when they are first needed."""

    mandate: Mandate
    clock: Clock
    ledger: Ledger
    settings: Settings
    feed: MarketData

    @property
    def portfolio(self) -> str:
        """The portfolio's name."""
        return self.mandate.name

    @cached_property
    def broker(self) -> Broker:
        """The account; raises DeskError where it can't be reached."""
        broker: Broker = BROKERS[self.settings.broker].connect(self.settings.home_path, self.mandate, self.clock)
        return broker

    @cached_property
    def market(self) -> MarketData:
        """The feed, joined with the others that the settings name where time runs by itself."""
        if self.clock.replay:
            return self.feed
        return live_market(self.settings, self.mandate, self.feed, self.broker, self.clock)


@contextmanager
def open_till(portfolio: str) -> Iterator[OpenTill]:
    """Open the ledger of one portfolio at the session it stands in, and close it again.

    Raises:
        DeskError: settings, mandate or ledger are not what they must be.
    """
    settings = read_settings()
    mandate = read_mandate(portfolio or settings.portfolio)
    log_to(settings.home_path)
    feed = MARKET_DATA[settings.market_data]()
    clock = choose_clock(settings, feed, mandate)
    ledger = open_ledger(settings, clock)
    try:
        stand_in(clock, feed, ledger.session(mandate.name) or mandate.start)
        yield OpenTill(mandate, clock, ledger, settings, feed)
    finally:
        ledger.close()
