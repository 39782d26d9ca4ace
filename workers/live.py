"""What a live portfolio needs besides the ports: its market joined from all feeds, and its account as it is found."""

from datetime import date, datetime
from decimal import Decimal

from domain.errors import BadInput
from domain.mandate import Mandate
from domain.ports import Broker, Clock, MarketData, VolatilityIndex
from domain.storage import Ledger
from tools.events import EVENTS
from tools.live_market import LiveMarket
from tools.macro import MACRO
from tools.news import NEWS
from workers.settings import Settings


def live_market(settings: Settings, mandate: Mandate, feed: MarketData, broker: Broker, clock: Clock) -> LiveMarket:
    """Join the feeds that the settings name.

    Raises:
        UnknownPlugin: a name that no file has.
    """
    macro = tuple(MACRO[name]() for name in settings.macro_names)
    return LiveMarket(
        feed,
        clock,
        tuple(mandate.universe),
        broker=broker,
        news=tuple(NEWS[name]() for name in settings.news_names),
        events=tuple(EVENTS[name]() for name in settings.event_names),
        macro=macro,
        volatility=tuple(source for source in macro if isinstance(source, VolatilityIndex)),
    )


def open_account(ledger: Ledger, mandate: Mandate, broker: Broker, session: date, at: datetime) -> None:
    """Open the portfolio unless it exists: with the mandate's cash in a simulation, else with what the broker holds.

    Raises:
        NotPaper: the account is not a paper account.
        BadInput: it holds something outside the mandate, or is worth nothing.
        Transient: the broker did not answer; nothing is opened.
    """
    if getattr(broker, "simulated", False) or ledger.flows(mandate.name):
        ledger.open_portfolio(mandate, session, at)
        return
    cash, held = broker.account().cash, broker.positions()
    strange = next((p.symbol for p in held if p.symbol not in mandate.universe), None)
    if strange is not None:
        raise BadInput(
            f"the account holds {strange}, which is not in the mandate of {mandate.name!r}", "sell it, or add it there"
        )
    prices = {position.symbol: position.average_price or Decimal(0) for position in held}
    worth = cash + sum((position.quantity * prices[position.symbol] for position in held), Decimal(0))
    if worth <= 0:
        raise BadInput(f"the account is worth {worth:.2f} dollars", "reset it on the broker's page")
    ledger.open_portfolio(mandate.model_copy(update={"starting_cash": float(worth)}), session, at)
    if held:
        ledger.compare_with_broker(mandate.name, cash, held, at)
        taken = {**prices, "CASH": Decimal(1)}
        ledger.accept_mismatches(mandate.name, taken, session, at, "desk", "held when the portfolio was opened")
