"""The portfolios of one process, each wired once and kept: opening ledgers and compiling graphs is expensive."""

import threading
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Self

from domain.errors import BadMandate
from domain.mandate import Mandate
from domain.ports import Clock, MarketData
from memory.ledger.store import SqlLedger
from tools.clock import ReplayClock, wall_time
from tools.market_data import MARKET_DATA
from workers.clocks import choose_clock
from workers.mandates import names, read_mandate
from workers.settings import Settings, read_settings
from workers.storage import Storage
from workers.wiring import Wired, wire

MOST_OPEN = 256
"""So many portfolios are kept wired in one process; beyond that the one not used for longest is closed."""


@dataclass(slots=True)
class _Kept:
    """A wired portfolio, at which session, whether it has entered it, and how to close it."""

    wired: Wired
    session: date
    entered: bool
    close: ExitStack


class Desks:
    """Hands out wired portfolios by name; make it after the fork, use it from any thread."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or read_settings()
        self._storage = Storage(self.settings)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._guard = threading.RLock()
        self.feed: MarketData = MARKET_DATA[self.settings.market_data]()
        self._named: dict[str, str] = {}
        self._building: dict[str, threading.Lock] = {}
        moment = wall_time()
        self.ledger: SqlLedger = self._storage.ledger(ReplayClock(moment.date(), moment))

    def __enter__(self) -> Self:
        """Portfolios are wired when they are first asked for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all of them."""
        self.close()

    @property
    def portfolios(self) -> tuple[str, ...]:
        """The names of the portfolios that run by themselves: those of PM_PORTFOLIOS, else all in `portfolios/`.

        Raises:
            BadMandate: a mandate can't be read, or two of them have one name.
        """
        return tuple(self._references())

    def mandate(self, portfolio: str) -> Mandate:
        """Read a portfolio's mandate as its file is now; raises BadMandate."""
        return read_mandate(self.reference(portfolio))

    def reference(self, portfolio: str) -> str:
        """What finds a portfolio's mandate: its name, or a path."""
        return self._references().get(portfolio, portfolio)

    def clock(self, mandate: Mandate) -> Clock:
        """The clock that a portfolio follows."""
        return choose_clock(self.settings, self.feed, mandate)

    def _references(self) -> dict[str, str]:
        """Map each portfolio's name to what finds its mandate: the name itself, or a path."""
        with self._guard:
            if not self._named:
                for reference in self.settings.mandates or names():
                    name = read_mandate(reference).name
                    if name in self._named:
                        raise BadMandate(f"two mandates are called {name!r}", "give each portfolio a name of its own")
                    self._named[name] = reference
            return self._named

    @property
    def storage(self) -> Storage:
        """What the portfolios share."""
        return self._storage

    def of(self, portfolio: str, *, session: date | None = None, enters: bool = False) -> Wired:
        """Wire a portfolio at `session` (where it is, without one); `enters` puts the policy in force for it.

        Raises:
            DeskError: settings, mandate, policy, data or state are not what they must be.
        """
        with self._guard:
            building = self._building.setdefault(portfolio, threading.Lock())
        with building:
            kept = self._kept.get(portfolio)
            if kept is not None and self._serves(kept, session, enters=enters):
                with self._guard:
                    self._kept.move_to_end(portfolio)
                return kept.wired
            return self._wire(portfolio, session, enters=enters)

    def close(self) -> None:
        """Close everything; what is asked for afterwards fails."""
        with self._guard:
            while self._kept:
                self._kept.popitem()[1].close.close()
            self._storage.__exit__(None, None, None)

    def _serves(self, kept: _Kept, session: date | None, *, enters: bool) -> bool:
        if enters and not kept.entered:
            return False
        clock = kept.wired.ctx.clock
        if not clock.replay:
            return kept.session == clock.session()
        here = session or self.ledger.session(kept.wired.ctx.portfolio) or kept.wired.ctx.mandate.start
        return kept.session == here

    def _wire(self, portfolio: str, session: date | None, *, enters: bool) -> Wired:
        close = ExitStack()
        reference = self.reference(portfolio)
        asked = {"as_of": session, "slot": session.isoformat(), "run": True} if session else {}
        wired = close.enter_context(wire(reference, enters=enters, storage=self._storage, **asked))  # type: ignore[arg-type]
        kept = _Kept(wired, wired.ctx.clock.session(), enters or session is not None, close)
        with self._guard:
            before = self._kept.pop(portfolio, None)
            self._kept[portfolio] = kept
            oldest = self._kept.popitem(last=False)[1] if len(self._kept) > MOST_OPEN else None
        for left in (before, oldest):
            if left is not None:
                left.close.close()
        return wired
