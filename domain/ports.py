"""What the graph needs of the world: each port is a Protocol, each adapter one file elsewhere."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from threading import Event
from typing import Protocol, runtime_checkable

from domain.market import EventCalendar, Execution, Headline, MacroReading, MarketSnapshot
from domain.orders import Account, BrokerPosition, Fill, Order, OrderIntent, RestingLeg
from domain.research import (
    Answer,
    ProposalQuestion,
    Proposals,
    Question,
    ResearchNote,
    Thesis,
    ThesisQuestion,
)
from domain.verdict import RiskVerdict


class Clock(Protocol):
    """Market time, and the time on the wall."""

    @property
    def replay(self) -> bool:
        """Whether market time stands still until the next run."""
        ...

    def now(self) -> datetime:
        """Market time, aware, UTC: what every limit, expiry and age is measured with."""
        ...

    def wall(self) -> datetime:
        """Real time, aware, UTC: for audit rows only."""
        ...

    def session(self) -> date:
        """The session that is traded now."""
        ...


class MarketData(Protocol):
    """A feed of prices.

    `simulated` feeds need no network; `replayed` ones are gone through session by session with time standing still,
    any other is followed in real time.
    """

    name: str
    simulated: bool
    replayed: bool
    execution: Execution

    def snapshot(self, symbols: Sequence[str], session: date, as_of: datetime) -> MarketSnapshot:
        """Tell all that is known at `as_of` for trading in `session`.

        Raises:
            NoData: a symbol or the date is not in the feed; says what is.
            Transient: the vendor did not answer; the same call may work later.
        """
        ...

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`; raises NoData at the end of the data."""
        ...

    def opens(self, session: date) -> datetime:
        """Tell when a session opens (aware, UTC).

        Raises:
            NoData: `session` is not one; names the nearest ones and the span of the data.
        """
        ...

    def closes(self, session: date) -> datetime:
        """Tell when a session closes (aware, UTC)."""
        ...


class News(Protocol):
    """A source of headlines."""

    name: str

    def headlines(self, symbols: Sequence[str], since: datetime, until: datetime) -> tuple[Headline, ...]:
        """List what was published about `symbols`, or about the market, in [since, until), oldest first.

        Raises:
            Transient: the vendor did not answer; the same call may work later.
        """
        ...


class Events(Protocol):
    """A source of scheduled events: central bank, inflation, jobs, earnings."""

    name: str

    def calendar(self, symbols: Sequence[str], since: datetime, until: datetime) -> EventCalendar:
        """Tell the events in [since, until), which kinds are covered, and when that was fetched.

        Raises:
            Transient: the vendor did not answer; the same call may work later.
        """
        ...


class Macro(Protocol):
    """A source of macroeconomic series, by when they were published, not by what period they are of."""

    name: str

    def readings(self, as_of: datetime) -> tuple[MacroReading, ...]:
        """Tell the newest value of each series that was known before `as_of`; a series without one is left out.

        Raises:
            Transient: the vendor did not answer; the same call may work later.
        """
        ...


@runtime_checkable
class VolatilityIndex(Protocol):
    """A source of the VIX, in points."""

    name: str

    def vix(self, as_of: datetime) -> float | None:
        """Tell the newest value known at `as_of`; None where there is none.

        Raises:
            Transient: the vendor did not answer; the same call may work later.
        """
        ...


class Broker(Protocol):
    """A paper trading account."""

    name: str

    def account(self) -> Account:
        """Tell the money; raises NotPaper where the account is not a paper account."""
        ...

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Tell the holdings, those of zero left out."""
        ...

    def submit(self, intent: OrderIntent) -> Order:
        """Send `intent` once.

        Sending the same client order id again returns the first order and trades nothing.

        Raises:
            OrderRefused: the broker answered no; do not send again.
            RateLimited: not taken; send again later.
            OutcomeUnknown: no readable answer; look the client order id up before anything else.
        """
        ...

    def find(self, client_order_id: str) -> Order | None:
        """Look an order up; None means that the broker answered and knows no such order.

        Raises:
            Transient: no readable answer.
        """
        ...

    def open_orders(self) -> tuple[Order, ...]:
        """List the orders that may still fill, whoever placed them; never the resting legs of a bracket.

        Raises:
            Transient: no readable answer, or more orders than can be told.
        """
        ...

    def cancel(self, client_order_id: str) -> None:
        """Ask for a cancellation; a request, not a fact, until the order says so. Unknown ids are ignored."""
        ...

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """List executions at or after `since` (market time), oldest first; repeats are allowed."""
        ...


@runtime_checkable
class Bracketing(Protocol):
    """A broker that keeps stop and target of an entry resting as legs: what one with `Account.brackets` has besides.

    Executions of legs come with `fills`, each with its `leg` and the client order id of the entry.
    """

    def has_legs(self, symbol: str) -> bool:
        """Tell whether a leg rests for `symbol`.

        Raises:
            Transient: no readable answer; nothing is known.
        """
        ...

    def cancel_legs(self, symbol: str) -> bool:
        """Ask to cancel every leg that rests for `symbol`; true when none rests (any more), false while one may.

        Raises:
            Transient: no readable answer; nothing is known.
        """
        ...


@runtime_checkable
class Protecting(Bracketing, Protocol):
    """A `Bracketing` broker that also takes the legs of a holding by themselves: intents that `protects`.

    It finds such an order under its client order id whichever of its legs is executed, and its executions carry `leg`.
    """

    def resting_legs(self, symbol: str | None = None) -> tuple[RestingLeg, ...]:
        """List the legs that rest, of one symbol or of all; those of an entry that is not filled yet are among them.

        Raises:
            Transient: no readable answer; nothing is known.
        """
        ...


@runtime_checkable
class Hinting(Protocol):
    """A broker that tells when something has happened to orders, so that one need not wait for the next look."""

    def watch_stream(self, on_hint: Callable[[str], None], stop: Event) -> None:
        """Call `on_hint` with a word for each hint until `stop` is set; never raises.

        Hints may be lost, repeated and shuffled, and one comes with each (re)connection: look at the broker then.
        """
        ...


class Analyst(Protocol):
    """The model, reduced to three questions. It never raises for a bad answer: it says why there is none."""

    name: str
    baseline: bool
    assumptions: tuple[str, ...]

    def warm(self) -> None:
        """Load what the first question would have to wait for; may run in a thread beside other work."""

    def research(self, question: Question) -> Answer[ResearchNote]:
        """Describe the market in a few sentences."""
        ...

    def thesis(self, question: ThesisQuestion) -> Answer[Thesis]:
        """Argue for and against one symbol."""
        ...

    def propose(self, question: ProposalQuestion) -> Answer[Proposals]:
        """Turn the theses into proposals, jointly, within the room there is."""
        ...


class Locks(Protocol):
    """Mutual exclusion across processes; a lock dies with its holder."""

    def hold(self, key: str, wait_seconds: float = 5.0) -> AbstractContextManager[None]:
        """Hold `key` while the block runs.

        Raises:
            Busy: somebody else held it for all of `wait_seconds`.
        """
        ...


class Gate(Protocol):
    """Joins ledger, snapshot and risk engine."""

    def assess(self, proposal_id: str) -> RiskVerdict:
        """Judge the proposal (and its unjudged batch) on the book as it stands now, or return the stored verdict."""
        ...
