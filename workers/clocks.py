"""Which clock a portfolio follows: the session that is replayed, real time, or the broker's clock in a rehearsal."""

from datetime import date, datetime
from typing import Protocol, runtime_checkable

from domain.errors import BadInput
from domain.mandate import Mandate
from domain.ports import Clock, MarketData
from tools.brokers import BROKERS
from tools.clock import ReplayClock, SystemClock
from tools.exchange import Exchange
from workers.rehearsal import refuse_real_vendors
from workers.settings import Settings


@runtime_checkable
class KeepsTime(Protocol):
    """A broker's adapter that can be asked for the time without an account being opened."""

    @staticmethod
    def market_time() -> datetime:
        """Ask the broker what time it is."""


def choose_clock(settings: Settings, feed: MarketData, mandate: Mandate) -> Clock:
    """Choose the clock that feed and settings call for.

    Raises:
        BadInput: PM_CLOCK=broker while a vendor's address is a real one, or with a broker that keeps no time.
    """
    if settings.clock == "broker":
        refuse_real_vendors(settings)
        adapter = BROKERS[settings.broker]
        if feed.replayed or not isinstance(adapter, KeepsTime):
            raise BadInput(
                f"PM_CLOCK=broker with PM_BROKER={settings.broker} and PM_MARKET_DATA={settings.market_data}",
                "a rehearsal needs a broker that keeps time and a feed that is not replayed: alpaca and alpaca",
            )
        return SystemClock(Exchange().session_at, adapter.market_time)
    if feed.replayed:
        return ReplayClock(mandate.start, feed.opens(mandate.start))
    return SystemClock(Exchange().session_at)


def stand_in(clock: Clock, feed: MarketData, session: date) -> None:
    """Take a replay clock to `session`; a clock that runs by itself stays what it is."""
    if isinstance(clock, ReplayClock):
        clock.enter(session, feed.opens(session))
