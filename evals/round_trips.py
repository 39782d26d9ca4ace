"""From executions to round trips: what was bought, what became of it, and what else was held at the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.episodes import Episode
from domain.trade import Side
from evals.history import History

TINY = 1e-9


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A position from flat to flat: prices in dollars a unit, averaged; `profit` net of commissions, in dollars.

    `closes` are those from the entry's session to the exit's. `episode` is that of the first entry.
    """

    symbol: str
    opened: date
    closed: date
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    cost: float
    closes: tuple[float, ...]
    episode: Episode | None
    exited_by: Episode | None


@dataclass(frozen=True, slots=True)
class SaleDay:
    """A session on which something held was sold: gains (fractions over average cost) of what was sold and kept."""

    session: date
    sold: tuple[float, ...]
    kept: tuple[float, ...]


@dataclass(slots=True)
class _Open:
    quantity: float = 0.0
    spent: float = 0.0
    bought: float = 0.0
    received: float = 0.0
    costs: float = 0.0
    opened: date | None = None
    first: str = ""

    @property
    def average(self) -> float:
        return self.spent / self.bought


def round_trips(history: History) -> tuple[RoundTrip, ...]:
    """List closed long positions, by the session in which they were closed; short ones are not listed."""
    held: dict[str, _Open] = {}
    episodes = {judged.episode.id: judged.episode for judged in history.judged}
    done = []
    for fill in history.fills:
        units, price = float(fill.quantity), float(fill.price)
        state = held.setdefault(fill.symbol, _Open())
        state.costs += float(fill.commission)
        if fill.side is Side.BUY:
            if state.opened is None:
                state.opened, state.first = fill.session, fill.proposal_id
            state.quantity += units
            state.bought += units
            state.spent += units * price
            continue
        state.quantity -= units
        state.received += units * price
        if state.quantity <= TINY and state.opened is not None and state.bought > TINY:
            done.append(
                RoundTrip(
                    symbol=fill.symbol,
                    opened=state.opened,
                    closed=fill.session,
                    quantity=state.bought,
                    entry_price=state.average,
                    exit_price=state.received / state.bought,
                    profit=state.received - state.spent - state.costs,
                    cost=state.costs,
                    closes=_closes(history, fill.symbol, state.opened, fill.session),
                    episode=episodes.get(state.first),
                    exited_by=episodes.get(fill.proposal_id),
                )
            )
        if state.quantity <= TINY:
            held[fill.symbol] = _Open()
    return tuple(done)


def sale_days(history: History) -> tuple[SaleDay, ...]:
    """List sessions with a sale, and what each holding had gained by then; bought and sold on one day does not count.

    Average cost is the reference, the session's close the price of what was kept. Source: Odean 1998.
    """
    by_day: dict[date, list[int]] = {}
    for index, fill in enumerate(history.fills):
        by_day.setdefault(fill.session, []).append(index)
    costs: dict[str, tuple[float, float]] = {}
    found = []
    for session, indices in sorted(by_day.items()):
        fills = [history.fills[index] for index in indices]
        before = dict(costs)
        sold = {fill.symbol: float(fill.price) for fill in fills if fill.side is Side.SELL and fill.symbol in before}
        if sold:
            gains = tuple(price / _average(before[symbol]) - 1.0 for symbol, price in sorted(sold.items()))
            found.append(SaleDay(session, gains, tuple(_kept(history, session, before, sold))))
        for fill in fills:
            _book(costs, fill.symbol, fill.side, float(fill.quantity), float(fill.price))
    return tuple(found)


def _kept(
    history: History, session: date, held: dict[str, tuple[float, float]], sold: dict[str, float]
) -> Iterator[float]:
    row = history.rows.get(session)
    for symbol, state in sorted(held.items()):
        column = history.columns.get(symbol)
        if symbol not in sold and row is not None and column is not None:
            yield float(history.closes[row, column]) / _average(state) - 1.0


def _book(costs: dict[str, tuple[float, float]], symbol: str, side: Side, units: float, price: float) -> None:
    quantity, spent = costs.get(symbol, (0.0, 0.0))
    if side is Side.BUY:
        costs[symbol] = (quantity + units, spent + units * price)
        return
    left = quantity - units
    if left <= TINY:
        costs.pop(symbol, None)
    else:
        costs[symbol] = (left, spent * left / quantity)


def _average(state: tuple[float, float]) -> float:
    return state[1] / state[0]


def _closes(history: History, symbol: str, first: date, last: date) -> tuple[float, ...]:
    column, start, end = history.columns.get(symbol), history.rows.get(first), history.rows.get(last)
    if column is None or start is None or end is None:
        return ()
    return tuple(float(close) for close in history.closes[start : end + 1, column])
