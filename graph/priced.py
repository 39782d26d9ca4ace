"""Which symbols need a price: those of the mandate, and whatever else is held or on order."""

from domain.mandate import Mandate
from domain.storage import Ledger


def priced_symbols(mandate: Mandate, ledger: Ledger) -> tuple[str, ...]:
    """List the universe, then, by name, what the portfolio still has of symbols that the mandate no longer lists.

    Without their prices the book has no equity, and nothing could be judged, exits included.
    """
    ours = {*ledger.holdings(mandate.name), *(i.symbol for i in ledger.intents(mandate.name, open_only=True))}
    return (*mandate.universe, *sorted(ours - mandate.universe.keys()))
