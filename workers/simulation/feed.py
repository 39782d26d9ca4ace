"""The market: six names whose prices wander, with quotes that may freeze, and a feed that may not answer."""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

from domain.errors import NoData, Transient
from domain.market import EventCalendar, Execution, MarketSnapshot, Quote, SymbolHistory
from tools import trading_hours
from workers.simulation.faults import Swarm
from workers.simulation.process import Process
from workers.simulation.storage import SimulatedClock
from workers.simulation.world import EPOCH, World, at_second

UNIVERSE = {"AAA": "tech", "BBB": "tech", "CCC": "energy", "DDD": "energy", "EEE": "health", "FFF": "staples"}
"""Symbols and their sectors."""
SESSIONS_KNOWN = 105
STEP_SECONDS = 10
DAILY_MOVE = 0.008
CALM, WILD = 0.0002, 0.0025
"""Standard deviation of a price's move in one step, a fraction."""
FEED_SECONDS = (0.02, 0.4)


class Market:
    """The truth about prices; the same for every process."""

    def __init__(self, world: World, swarm: Swarm) -> None:
        self.world = world
        chance = world.stream("market")
        wild = chance.random() < swarm.rate("wild_prices")
        self._sigma = WILD if wild else CALM
        self._chances = {symbol: world.stream(f"market/{symbol}") for symbol in UNIVERSE}
        self._paths = {symbol: [_history(symbol)[-1]] for symbol in UNIVERSE}
        self._spread = {symbol: chance.choice((0.0002, 0.0005, 0.001)) for symbol in UNIVERSE}
        self._frozen = self._freeze(chance, swarm)

    def quote(self, symbol: str, second: float) -> Quote:
        """The true best bid and offer at a second, in whole cents."""
        mid = self._mid(symbol, second)
        half = max(mid * self._spread[symbol] / 2.0, 0.005)
        taken = math.floor(second / STEP_SECONDS) * STEP_SECONDS
        return Quote(bid=round(mid - half, 2), ask=round(mid + half, 2), at=at_second(taken))

    def shown(self, symbol: str, second: float) -> Quote:
        """The quote as the feed has it: older than the truth while the feed is frozen."""
        for start, end in self._frozen:
            if start <= second < end:
                return self.quote(symbol, start)
        return self.quote(symbol, second)

    def _mid(self, symbol: str, second: float) -> float:
        path, chance = self._paths[symbol], self._chances[symbol]
        steps = int(second / STEP_SECONDS) - int(self.world.start / STEP_SECONDS)
        # Overnight nothing moves: a day has as many steps as a simulation needs.
        steps = min(max(steps, 0), 2000)
        while len(path) <= steps:
            path.append(path[-1] * math.exp(chance.gauss(0.0, self._sigma)))
        return path[steps]

    def _freeze(self, chance: Random, swarm: Swarm) -> tuple[tuple[float, float], ...]:
        if chance.random() >= swarm.rate("stale_quotes"):
            return ()
        starts = [self.world.start + chance.uniform(0.0, 4000.0) for _ in range(chance.randint(1, 3))]
        return tuple((start, start + chance.uniform(20.0, 400.0)) for start in starts)


class Feed:
    """Implements `domain.ports.MarketData` for one process."""

    name = "simulation"
    simulated = False
    replayed = False
    execution = Execution.CONTINUOUS

    def __init__(self, market: Market, process: Process, clock: SimulatedClock) -> None:
        self._market = market
        self._process = process
        self._clock = clock
        self._chance = process.world.stream(f"feed/{process.name}")

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell what is known, a little later."""
        process = self._process
        process.cross("feed", self._chance.uniform(*FEED_SECONDS))
        if self._chance.random() < process.swarm.rate("feed_failed"):
            raise Transient("the feed did not answer", "ask again")
        truly = as_of - timedelta(seconds=self._clock.skew)
        second = (truly - EPOCH).total_seconds()
        sessions = _sessions_before(session)
        history = {}
        for symbol in symbols:
            quote = self._market.shown(symbol, second)
            at = min(quote.at + timedelta(seconds=self._clock.skew), as_of)
            history[symbol] = _bars(symbol, len(sessions)).model_copy(
                update={"quote": quote.model_copy(update={"at": at})}
            )
        return MarketSnapshot(
            feed=self.name,
            simulated=False,
            execution=self.execution,
            as_of=as_of,
            session=session,
            opens_at=trading_hours.opens_at(session),
            closes_at=trading_hours.closes_at(session),
            sessions=sessions,
            history=history,
            vix=16.0,
            calendar=EventCalendar(covers=("fomc", "cpi", "jobs", "earnings"), fetched_at=EPOCH - timedelta(days=1)),
            broker_clock=truly,
        )

    def next_session(self, after: date) -> date:
        """Find the next weekday."""
        day = after + timedelta(days=1)
        while day.weekday() >= 5:  # noqa: PLR2004 - Saturday
            day += timedelta(days=1)
        return day

    def opens(self, session: date) -> datetime:
        """Tell when a weekday's session opens."""
        if session.weekday() >= 5:  # noqa: PLR2004 - Saturday
            raise NoData(f"{session} is not a session")
        return trading_hours.opens_at(session)

    def closes(self, session: date) -> datetime:
        """Tell when it closes."""
        return trading_hours.closes_at(session)


@cache
def _history(symbol: str) -> tuple[float, ...]:
    chance, closes = Random(f"history/{symbol}"), [40.0 + 12.0 * (ord(symbol[0]) - ord("A"))]
    while len(closes) < SESSIONS_KNOWN:
        closes.append(round(closes[-1] * math.exp(chance.gauss(0.0003, DAILY_MOVE)), 2))
    return tuple(closes)


@cache
def _bars(symbol: str, count: int) -> SymbolHistory:
    closes = _history(symbol)[-count:]
    return SymbolHistory(symbol=symbol, closes=closes, volumes=(5e6,) * len(closes), raw_close=closes[-1], active=True)


@cache
def _sessions_before(session: date) -> tuple[date, ...]:
    days: list[date] = []
    day = session
    while len(days) < SESSIONS_KNOWN:
        day -= timedelta(days=1)
        if day.weekday() < 5:  # noqa: PLR2004 - Saturday
            days.append(day)
    return tuple(reversed(days))


def second_of(moment: datetime) -> float:
    """The second of virtual time of a moment."""
    return (moment.astimezone(UTC) - EPOCH).total_seconds()
