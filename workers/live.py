"""What a live portfolio needs besides the ports: its market joined from all feeds, and its account as it is found."""

from datetime import date, datetime
from decimal import Decimal

from domain.mandate import Mandate
from domain.ports import Broker, Clock, MarketData
from domain.storage import Ledger
from tools.live_market import LiveMarket
from tools.news import NEWS
from workers.settings import Settings


def live_market(settings: Settings, mandate: Mandate, feed: MarketData, broker: Broker, clock: Clock) -> LiveMarket:
    """Join the feeds that the settings name.

    Raises:
        UnknownPlugin: a name that no file has.
    """
    return LiveMarket(
        feed,
        clock,
        tuple(mandate.universe),
        broker=broker,
        news=tuple(NEWS[name]() for name in settings.news_names),
    )


def open_account(ledger: Ledger, mandate: Mandate, broker: Broker, session: date, at: datetime) -> None:
    """Open the portfolio unless it exists: with the mandate's cash in a simulation, else with what the broker holds.

    Raises:
        NotPaper: the account is not a paper account.
        Transient: the broker did not answer; nothing is opened.
    """
    if getattr(broker, "simulated", False) or ledger.flows(mandate.name):
        ledger.open_portfolio(mandate, session, at)
        return
    account, held = broker.account(), broker.positions()
    cost = sum((position.quantity * (position.average_price or Decimal(0)) for position in held), Decimal(0))
    ledger.open_portfolio(mandate.model_copy(update={"starting_cash": float(account.cash + cost)}), session, at)
