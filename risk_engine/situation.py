"""One book in one market under one mandate, with everything that several rules need worked out once."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from domain.book import Book, Reservation, WorkingOrder
from domain.errors import BadInput
from domain.mandate import Mandate
from domain.market import MarketSnapshot
from domain.trade import Side, Trade
from domain.verdict import RuleResult
from risk_engine.asked import Asked, share
from risk_engine.earlier import Earlier, earlier
from risk_engine.figures import Figures, Floats, nth
from risk_engine.line import NOTHING, Line

TINY = 1e-9
OF_WHAT_IS_OPEN = ("lines", "names", "gross", "short", "sectors", "spent", "free_cash", "book_returns")
"""What is the same in two books with the same positions, orders and reservations."""


class Situation:
    """What rules look at: everything is derived once a book, most of it only when a rule asks.

    Exposure is the worst case: the holding plus all that may still be bought, or less all that may still be sold,
    whichever is larger, at the market price (a candidate's own at its limit price when that is higher).
    """

    def __init__(
        self, book: Book, market: MarketSnapshot, mandate: Mandate, figures: Figures, rules: Mapping[str, Asked]
    ) -> None:
        self.book = book
        self.market = market
        self.mandate = mandate
        self.figures = figures
        self._rules = rules
        self.fits: dict[str, tuple[str, RuleResult | None, float | None]] = {}
        """What each resizing rule found out about the proposal (its id) that it was asked about last, at any quantity.

        Its answer where it measures nothing; else the most units under its soft limit, in whole lots, None when
        nothing binds.
        """
        self.of_entries: dict[str, RuleResult] = {}
        """What the rules that answer all entries alike have answered; it holds after a trade too."""
        self._answers: dict[str, tuple[Trade, RuleResult]] = {}
        self._costs: dict[str, float] = {}
        self._variance: dict[int, float] = {}
        self._bad_days: dict[tuple[int, int], float] = {}
        self._units: dict[str, Floats] = {}
        self._faded: dict[tuple[str, int], tuple[Floats, float]] = {}
        self._parabolas: dict[tuple[str, int], tuple[float, float, float]] = {}
        self._earlier: dict[str, Earlier] = {}
        self._similar: dict[tuple[str, int, float], float | None] = {}
        self._weighed: tuple[Trade | None, float] = (None, 0.0)

    def after(self, book: Book, symbol: str) -> "Situation":
        """The situation with a book that has at most one more reservation: the last one, and of `symbol`."""
        later = Situation(book, self.market, self.mandate, self.figures, self._rules)
        later._costs, later._units, later._faded = self._costs, self._units, self._faded
        later.of_entries = self.of_entries
        known = self.__dict__
        if book.reservations is self.book.reservations:
            later.__dict__.update({name: known[name] for name in OF_WHAT_IS_OPEN if name in known})
        elif "lines" in known:
            before, sector, room = self.line(symbol), self.sector(symbol), book.reservations[-1]
            bought, sold = (room.quantity, 0.0) if room.side is Side.BUY else (0.0, room.quantity)
            line = later._line(symbol, book.held(symbol), before.buys + bought, before.sells + sold)
            later.__dict__["lines"] = {**self.lines, symbol: line}
            if "gross" in known:
                later.__dict__["gross"] = self.gross + line.weight - before.weight
            if "names" in known:
                later.__dict__["names"] = self.names | {symbol}
            if "sectors" in known:
                weight = self.sectors.get(sector, 0.0) + line.weight - before.weight
                later.__dict__["sectors"] = {**self.sectors, sector: weight}
            if "spent" in known:
                later.__dict__["spent"] = self.spent + self._spent_on(room)
            if "book_returns" in known:
                change = line.signed_weight - before.signed_weight
                later.__dict__["book_returns"] = self.book_returns + change * self.figures.returns_of(symbol)
        return later

    @cached_property
    def equity(self) -> float:
        """What fractions are fractions of, in dollars.

        Raises:
            BadInput: there is none.
        """
        if not self.book.equity > 0.0:
            raise BadInput(f"the book's equity is {self.book.equity:g} dollars", "only exits are possible")
        return self.book.equity

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """Every symbol that is held, on its way, or reserved.

        Raises:
            NoData: the market has no price for one of them.
        """
        book = self.book
        buys: dict[str, float] = {}
        sells: dict[str, float] = {}
        items: tuple[WorkingOrder | Reservation, ...] = (*book.working, *book.reservations)
        for item in items:
            way = buys if item.side is Side.BUY else sells
            way[item.symbol] = way.get(item.symbol, 0.0) + item.quantity
        held = {symbol: position.quantity for symbol, position in book.positions.items()}
        return {
            symbol: self._line(symbol, held.get(symbol, 0.0), buys.get(symbol, 0.0), sells.get(symbol, 0.0))
            for symbol in {**held, **buys, **sells}
        }

    def _line(self, symbol: str, held: float, buys: float, sells: float) -> Line:
        long, short = max(held + buys, 0.0), max(sells - held, 0.0)
        unit = self.figures.price(symbol) / self.equity
        weight = max(long, short) * unit
        return Line(held, buys, sells, long, short, weight, weight if long >= short else -weight)

    def price(self, symbol: str) -> float:
        """The price to reckon with, in dollars.

        Raises:
            NoData: the market has none.
        """
        return self.figures.price(symbol)

    def line(self, symbol: str) -> Line:
        """One symbol; all zeros when we have nothing to do with it."""
        return self.lines.get(symbol, NOTHING)

    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols that are held or may come to be."""
        return frozenset(symbol for symbol, line in self.lines.items() if line.weight > 0.0)

    @cached_property
    def gross(self) -> float:
        """All worst-case weights together."""
        return sum(line.weight for line in self.lines.values())

    @cached_property
    def short(self) -> float:
        """All weights together that may come to be short: a fraction of equity."""
        return sum(line.short * self.price(symbol) for symbol, line in self.lines.items()) / self.equity

    @cached_property
    def sectors(self) -> Mapping[str, float]:
        """Worst-case weight of each sector."""
        weights: dict[str, float] = {}
        for symbol, line in self.lines.items():
            sector = self.mandate.sector(symbol)
            weights[sector] = weights.get(sector, 0.0) + line.weight
        return weights

    @cached_property
    def free_cash(self) -> float:
        """Cash after all open and reserved purchases at the worse of their price and the market's; no credit for sales.

        A fraction of equity, negative when more is on its way than there is cash for.
        """
        return (self.book.cash - self.spent) / self.equity

    @cached_property
    def spent(self) -> float:
        """What all open and reserved purchases cost at the worse of their price and the market's, in dollars."""
        items: tuple[WorkingOrder | Reservation, ...] = (*self.book.working, *self.book.reservations)
        return sum((self._spent_on(item) for item in items), 0.0)

    def _spent_on(self, item: WorkingOrder | Reservation) -> float:
        return item.quantity * max(item.price, self.price(item.symbol)) if item.side is Side.BUY else 0.0

    def sector(self, symbol: str) -> str:
        """The sector of a symbol, or `unknown`."""
        return self.mandate.sector(symbol)

    def cost(self, trade: Trade) -> float:
        """What one unit weighs at the worse of the trade's price and the market's: a fraction of equity."""
        known = self._costs.get(trade.proposal_id)
        if known is None:
            known = max(trade.price, self.figures.price(trade.symbol)) / self.equity
            self._costs[trade.proposal_id] = known
        return known

    def weight_after(self, trade: Trade) -> float:
        """Weigh the traded symbol as it may be after the trade and all else that is open: a fraction of equity."""
        if self._weighed[0] is not trade:
            line = self.line(trade.symbol)
            if trade.side is Side.BUY:
                units = max(line.held + line.buys + trade.quantity, line.short)
            else:
                units = max(line.sells + trade.quantity - line.held, line.long)
            self._weighed = (trade, units * self.cost(trade))
        return self._weighed[1]

    def units_within(self, trade: Trade, weight: float) -> float:
        """Solve `weight_after` for the quantity: the most units that keep the symbol within `weight`, 0 if none do."""
        line = self.line(trade.symbol)
        units = weight / self.cost(trade)
        if max(line.long, line.short) > units + TINY:
            return 0.0
        taken = line.held + line.buys if trade.side is Side.BUY else line.sells - line.held
        return max(units - taken, 0.0)

    def others_in_sector(self, symbol: str) -> float:
        """Worst-case weight of the symbol's sector without the symbol."""
        return self.sectors.get(self.sector(symbol), 0.0) - self.line(symbol).weight

    def similar(self, symbol: str, sessions: int, at_least: float) -> float | None:
        """Weigh the names of the book that correlate with `symbol`: a fraction of equity, None when there is none."""
        key = (symbol, sessions, at_least)
        if key not in self._similar:
            names = [name for name in self.figures.similar(*key) if name in self.names]
            self._similar[key] = sum(self.lines[name].weight for name in names) if names else None
        return self._similar[key]

    def earlier(self, trade: Trade) -> Earlier:
        """Add up the session's entries of other proposals."""
        known = self._earlier.get(trade.proposal_id)
        if known is None:
            known = self._earlier[trade.proposal_id] = earlier(trade, self.book.trades_today)
        return known

    def average_volume(self, symbol: str, sessions: int) -> float | None:
        """Average the shares a day over the last `sessions`, or None where the feed has no volumes."""
        return self.figures.average_volume(symbol, sessions)

    @cached_property
    def book_returns(self) -> Floats:
        """What the book, everything open and reserved included, would have returned each day: (T,) fractions."""
        weights = np.zeros(len(self.figures.column))
        for symbol, line in self.lines.items():
            weights[self.figures.column[symbol]] = line.signed_weight
        return np.asarray(self.figures.returns @ weights)

    def variance(self, span: int) -> float:
        """Give the EWMA variance of the book's return a day."""
        if span not in self._variance:
            weighed = self.figures.ewma_weights(span) * self.book_returns
            self._variance[span] = float(np.dot(weighed, self.book_returns))
        return self._variance[span]

    def bad_day(self, sessions: int, place: int) -> float:
        """Give the book's return on the worst of the last `sessions` but `place`: a fraction, usually negative."""
        key = (sessions, place)
        if key not in self._bad_days:
            self._bad_days[key] = nth(self.book_returns[-sessions:].copy(), place)
        return self._bad_days[key]

    def ask(self, rule: Asked, trade: Trade) -> RuleResult:
        """Ask a rule about a trade at its present quantity; asking about the same one again repeats the answer."""
        known = self._answers.get(rule.name)
        if known is None or known[0] is not trade:
            known = self._answers[rule.name] = (trade, rule.check(trade, self))
        return known[1]

    def use(self, name: str, trade: Trade) -> float | None:
        """Tell which share of a rule's soft limit the trade uses up; None when the rule is off or does not say."""
        known = self._answers.get(name)
        if known is not None and known[0] is trade:
            return share(known[1])
        rule = self._rules.get(name)
        return rule.use(trade, self) if rule else None

    def returns_a_unit(self, trade: Trade) -> Floats:
        """What one traded unit more would have added to the book's return each day: (T,) fractions."""
        known = self._units.get(trade.proposal_id)
        if known is None:
            cost = self.cost(trade) if trade.side is Side.BUY else -self.cost(trade)
            known = self._units[trade.proposal_id] = self.figures.returns_of(trade.symbol) * cost
        return known

    def parabola(self, trade: Trade, span: int) -> tuple[float, float, float]:
        """Give a, b, c of the book's EWMA variance a day after x traded units: a + 2 b x + c x^2."""
        known = self._parabolas.get((trade.proposal_id, span))
        if known is None:
            faded, own = self._faded_unit(trade, span)
            known = self.variance(span), float(faded @ self.book_returns), own
            self._parabolas[trade.proposal_id, span] = known
        return known

    def _faded_unit(self, trade: Trade, span: int) -> tuple[Floats, float]:
        key = (trade.proposal_id, span)
        if key not in self._faded:
            unit = self.returns_a_unit(trade)
            faded = self.figures.ewma_weights(span) * unit
            self._faded[key] = faded, float(faded @ unit)
        return self._faded[key]

    def is_exit(self, trade: Trade) -> bool:
        """Whether the trade still reduces strictly, whatever else of the symbol is open or reserved is filled."""
        if not trade.reduces or trade.quantity <= 0.0:
            return False
        book = self.book
        if trade.side is Side.SELL:
            return trade.quantity <= book.held(trade.symbol) - book.being_sold(trade.symbol) + TINY
        return trade.quantity <= -book.held(trade.symbol) - book.being_bought(trade.symbol) + TINY
