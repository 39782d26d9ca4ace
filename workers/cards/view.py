"""Everything that a card of one proposal shows, read from the ledger; no broker, no feed, no model."""

from collections.abc import Mapping
from datetime import datetime

from domain.book import ControlState
from domain.market import MarketSnapshot
from domain.orders import Fill, OrderIntent
from domain.people import Consent
from domain.ports import Clock
from domain.records import Approval, ProposalRecord
from domain.research import Thesis
from domain.storage import Ledger
from domain.value import Value
from graph.answers import shown_quantity
from graph.two_people import CARD_WITHIN


class CardView(Value):
    """One proposal at one moment; money in dollars, `now` is market time."""

    record: ProposalRecord
    quantity: float
    equity: float
    price_line: str
    as_of: datetime | None
    control: ControlState
    thesis: Thesis | None
    approval: Approval | None
    approved_by: Approval | None
    consents: tuple[Consent, ...]
    intents: tuple[OrderIntent, ...]
    fills: tuple[Fill, ...]
    now: datetime
    replay: bool

    @property
    def notional(self) -> float:
        """What is at stake, in dollars."""
        return self.quantity * (self.record.trade.price if self.record.trade else 0.0)

    @property
    def weight(self) -> float:
        """The same as a fraction of equity."""
        return self.notional / self.equity if self.equity > 0.0 else 0.0


def look_at(ledger: Ledger, clock: Clock, record: ProposalRecord) -> CardView:
    """Read what a card of `record` shows now; prices are those it was judged on."""
    verdict, trade = record.verdict, record.trade
    snapshot = ledger.snapshot(verdict.snapshot_digest) if verdict else None
    prices: Mapping[str, float] = {name: bars.price for name, bars in snapshot.history.items()} if snapshot else {}
    equity = ledger.book(record.portfolio, record.session, prices).equity if prices else 0.0
    return CardView(
        record=record,
        quantity=shown_quantity(record),
        equity=equity,
        price_line=_price(snapshot, trade.symbol, clock.now()) if snapshot and trade else "",
        as_of=snapshot.as_of if snapshot else None,
        control=ledger.control(record.portfolio).state,
        thesis=_thesis(ledger, record),
        approval=ledger.approval(record.id, record.version),
        approved_by=_yes(ledger, record),
        consents=ledger.consents(record.portfolio, f"P-{record.id}", record.version, clock.wall() - CARD_WITHIN),
        intents=ledger.intents(record.portfolio, proposal_id=record.id),
        fills=ledger.fills_of(record.id),
        now=clock.now(),
        replay=clock.replay,
    )


def state_of(view: CardView, version: int) -> str:
    """Name what the card of `version` has to show: a card is edited when this changes."""
    record = view.record
    if record.version > version:
        return f"v{record.version}"
    said = f"{view.approval.answer} {view.approval.by}" if view.approval else ""
    yes = " ".join(consent.person for consent in view.consents)
    filled = f"{record.filled_quantity:g}"
    return f"{record.status.value}|{said}|{yes}|{filled}|{record.problem}"[:240]


def _thesis(ledger: Ledger, record: ProposalRecord) -> Thesis | None:
    if record.slot is None:
        return None
    theses = ledger.theses(record.portfolio, record.slot)
    return next((thesis for thesis in theses if thesis.symbol == record.proposal.symbol), None)


def _yes(ledger: Ledger, record: ProposalRecord) -> Approval | None:
    given = [ledger.approval(record.id, version) for version in range(1, record.version + 1)]
    return next((answer for answer in reversed(given) if answer and answer.answer == "approve"), None)


def _price(snapshot: MarketSnapshot, symbol: str, now: datetime) -> str:
    bars = snapshot.history.get(symbol)
    if bars is None:
        return ""
    if bars.quote is None:
        return f"Last close {bars.last_close:,.2f} of {snapshot.sessions[-1]}, the session before"
    age = max((now - bars.quote.at).total_seconds(), 0.0)
    spread = (bars.quote.ask - bars.quote.bid) / bars.price
    return f"Quote {bars.quote.bid:,.2f} / {bars.quote.ask:,.2f} · {_age(age)} old · spread {spread:.2%}"


def _age(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
