"""Every way an intent can go, against a scripted broker and a ledger in memory."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from domain.book import ControlState
from domain.errors import AccessDenied, IntentNotCommitted, OrderRefused, OutcomeUnknown, RateLimited
from domain.orders import Account, Fill, IntentState, Order, OrderIntent, OrderStatus
from domain.proposal import Origin
from domain.trade import ExitKind, Side
from graph import execution, presend

NOW = datetime(2024, 1, 8, 15, 0, tzinfo=UTC)
TODAY = date(2024, 1, 8)
S = IntentState
SILENT = RateLimited("the feed is busy")
"""Instead of a price: the breakers, which look after each fill, learn nothing."""


def an_intent(**changes):
    given = {
        "client_order_id": "pm-1",
        "portfolio": "test",
        "proposal_id": "P1",
        "version": 1,
        "leg": "entry",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(10),
        "session": TODAY,
        "collar_low": Decimal(99),
        "collar_high": Decimal(101),
        "created_at": NOW,
        "valid_until": NOW + timedelta(seconds=120),
    }
    return OrderIntent(**{**given, **changes})


def an_order(filled=0, status=OrderStatus.ACCEPTED):
    return Order(
        client_order_id="pm-1",
        broker_order_id="b1",
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(10),
        filled_quantity=Decimal(filled),
        status=status,
        submitted_at=NOW,
    )


def a_fill(client_order_id="pm-1"):
    return Fill(
        execution_id="e1",
        client_order_id=client_order_id,
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(4),
        price=Decimal(100),
        at=NOW,
        session=TODAY,
    )


class Ledger:
    """A ledger with one intent."""

    def __init__(self, intent, claims=True):
        self.stored = intent
        self.claims = claims
        self.state = SimpleNamespace(state=ControlState.ACTIVE, epoch=0)
        self.record = SimpleNamespace(origin=Origin.MODEL, exit_kind=None)
        self.booked = []
        self.compared = []
        self.differences = ()
        self.posted = []

    def intent(self, _order_id):
        return self.stored

    def claim_intent(self, _order_id, _at):
        if not self.claims:
            return None
        self.stored = self.stored.model_copy(update={"state": S.SUBMITTING})
        return self.stored

    def mark_intent(self, _order_id, state, problem, _at):
        self.stored = self.stored.model_copy(update={"state": state, "problem": problem})

    def book_order(self, order, fills, _at):
        self.booked.append(tuple(fill.execution_id for fill in fills))
        state = {OrderStatus.FILLED: S.DONE, OrderStatus.CANCELED: S.DONE}.get(order.status, S.OPEN)
        self.stored = self.stored.model_copy(update={"state": state, "filled_quantity": order.filled_quantity})
        return self.stored

    def intents(self, _portfolio, *, open_only):
        return (self.stored,) if open_only else ()

    def holdings(self, _portfolio):
        return {}

    def note_open_orders(self, _portfolio, orders, _at):
        return len(orders)

    def control(self, _portfolio):
        return self.state

    def set_control(self, _portfolio, state, _reason, _by, _at):
        self.state = SimpleNamespace(state=state, epoch=self.state.epoch + 1)

    def proposal(self, _proposal_id):
        return self.record

    def post(self, _portfolio, _topic, key, _payload, _at):
        self.posted.append(key)
        return True

    def compare_with_broker(self, _portfolio, cash, held, _at):
        self.compared.append((cash, tuple(held)))
        return self.differences

    def orders(self, _portfolio, *, limit):
        return (self.stored,)[:limit]


class Broker:
    """A broker that follows a script; an exception in it is raised."""

    def __init__(self, find=None, submit=None, fills=(), cancel=None, account=None):
        self.answers = {"find": find, "submit": submit, "fills": fills, "cancel": cancel, "account": account}
        self.calls = []

    def _do(self, name):
        self.calls.append(name)
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def find(self, _order_id):
        return self._do("find")

    def submit(self, _intent):
        return self._do("submit")

    def fills(self, _since):
        return self._do("fills")

    def cancel(self, _order_id):
        return self._do("cancel")

    def account(self):
        return self._do("account")

    def open_orders(self):
        return ()

    def positions(self):
        return ()


class BracketBroker(Broker):
    """A broker that keeps stops, of which one rests or none."""

    def __init__(self, rests):
        super().__init__()
        self.rests = rests

    def has_legs(self, _symbol):
        return self.rests

    def cancel_legs(self, _symbol):
        return not self.rests


class Feed:
    """One price, or None, or no answer at all."""

    def __init__(self, price=100.0):
        self.price = price

    def opens(self, _session):
        return NOW

    def snapshot(self, _symbols, _session, _as_of):
        if isinstance(self.price, Exception):
            raise self.price
        return SimpleNamespace(price=lambda _symbol: self.price)


def a_context(intent, broker=None, *, claims=True, session=TODAY, now=NOW, price=100.0, replay=False):
    return SimpleNamespace(
        portfolio="test",
        mandate=SimpleNamespace(name="test", universe={"AAPL": None}),
        ledger=Ledger(intent, claims),
        broker=broker or Broker(),
        clock=SimpleNamespace(now=lambda: now, wall=lambda: now, session=lambda: session, replay=replay),
        market=Feed(price),
        locks=SimpleNamespace(hold=lambda _name: nullcontext()),
    )


def driven(intent, broker, **options):
    ctx = a_context(intent, broker, **options)
    return execution.drive(ctx, "pm-1"), ctx


def test_an_order_that_the_broker_lacks_is_sent_once_and_booked():
    intent, ctx = driven(an_intent(), Broker(submit=an_order()))

    assert intent.state is S.OPEN
    assert ctx.broker.calls == ["find", "submit"]


def test_an_order_that_the_broker_has_is_booked_and_not_sent_again():
    broker = Broker(find=an_order(10, OrderStatus.FILLED), fills=(a_fill(), a_fill("other")))

    intent, ctx = driven(an_intent(), broker, price=SILENT)

    assert intent.state is S.DONE
    assert ctx.ledger.booked == [("e1",)]
    assert "submit" not in ctx.broker.calls


def test_fills_are_looked_at_by_the_breakers_and_a_silent_feed_stops_nothing():
    intent, _ = driven(an_intent(), Broker(find=an_order(4), fills=(a_fill(),)), price=SILENT)

    assert intent.filled_quantity == 4


def test_a_filled_order_whose_fills_can_not_be_had_stays_as_it_is():
    intent, ctx = driven(an_intent(), Broker(find=an_order(4), fills=RateLimited("busy")))

    assert intent.state is S.SUBMITTING
    assert ctx.ledger.booked == []


@pytest.mark.parametrize(
    ("answer", "before", "after"),
    [
        (OrderRefused("no"), S.PENDING, S.REJECTED),
        (OrderRefused("no, but the first may still arrive"), S.UNKNOWN, S.QUARANTINED),
        (OutcomeUnknown("who knows"), S.PENDING, S.UNKNOWN),
        (RateLimited("later"), S.PENDING, S.PENDING),
        (RateLimited("later"), S.UNKNOWN, S.UNKNOWN),
        (RateLimited("later"), S.SUBMITTING, S.UNKNOWN),
        (AccessDenied("no key"), S.PENDING, S.PENDING),
        (AccessDenied("no key any more"), S.UNKNOWN, S.UNKNOWN),
    ],
)
def test_each_failure_leaves_the_intent_where_it_belongs(answer, before, after):
    intent, _ = driven(an_intent(state=before), Broker(submit=answer))

    assert (intent.state, intent.problem.startswith(str(answer)[:2])) == (after, True)


def test_a_broker_that_accepts_no_keys_halts_the_desk():
    _, ctx = driven(an_intent(), Broker(submit=AccessDenied("no key")))

    assert ctx.ledger.state.state is ControlState.HALTED
    assert len(ctx.ledger.posted) == 1


def test_an_exit_waits_until_the_legs_on_what_it_sells_are_cancelled():
    intent, ctx = driven(an_intent(reduces=True), BracketBroker(rests=True))

    assert (intent.state, "are being cancelled" in intent.problem) == (S.PENDING, True)
    assert "submit" not in ctx.broker.calls


@pytest.mark.parametrize(("seconds", "looks"), [(5, []), (6, ["find"])])
def test_an_order_of_unknown_outcome_is_looked_up_when_its_time_has_come(seconds, looks):
    broker = Broker(find=an_order())
    ctx = a_context(an_intent(state=S.UNKNOWN, attempt=2), broker, now=NOW + timedelta(seconds=seconds))

    assert execution.follow(ctx) == 1
    assert broker.calls == looks


@pytest.mark.parametrize(
    ("before", "session", "after"),
    [
        (S.PENDING, TODAY, S.REJECTED),
        (S.UNKNOWN, TODAY, S.QUARANTINED),
        (S.UNKNOWN, TODAY + timedelta(days=1), S.REJECTED),
    ],
)
def test_what_may_not_be_sent_is_refused_and_what_may_live_is_quarantined(before, session, after):
    late = NOW + timedelta(seconds=121)

    intent, ctx = driven(an_intent(state=before), Broker(), session=session, now=late)

    assert intent.state is after
    assert "submit" not in ctx.broker.calls


@pytest.mark.parametrize(
    ("state", "find", "session", "after"),
    [
        (S.DONE, None, TODAY, S.DONE),
        (S.OPEN, an_order(10, OrderStatus.FILLED), TODAY, S.DONE),
        (S.OPEN, RateLimited("busy"), TODAY, S.OPEN),
        (S.QUARANTINED, None, TODAY, S.QUARANTINED),
        (S.QUARANTINED, None, TODAY + timedelta(days=1), S.REJECTED),
    ],
)
def test_what_can_not_be_claimed_is_looked_up(state, find, session, after):
    intent, _ = driven(an_intent(state=state), Broker(find=find), claims=False, session=session, price=SILENT)

    assert intent.state is after


@pytest.mark.parametrize(("cancel", "after"), [(None, S.DONE), (RateLimited("busy"), S.OPEN)])
def test_a_resting_entry_is_cancelled_when_the_desk_stops(cancel, after):
    broker = Broker(find=[an_order(), an_order(0, OrderStatus.CANCELED)], cancel=cancel)
    ctx = a_context(an_intent(), broker)
    ctx.ledger.state = SimpleNamespace(state=ControlState.REDUCING, epoch=1)

    assert execution.drive(ctx, "pm-1").state is after


def test_a_resting_exit_is_left_alone_when_the_desk_stops():
    ctx = a_context(an_intent(reduces=True), Broker(find=an_order()))
    ctx.ledger.state = SimpleNamespace(state=ControlState.HALTED, epoch=1)

    assert execution.drive(ctx, "pm-1").state is S.OPEN
    assert "cancel" not in ctx.broker.calls


def account(**changes):
    given = {"account_id": "A", "paper": True, "cash": Decimal(7), "equity": Decimal(7), "at": NOW}
    return Account(**{**given, **changes})


@pytest.mark.parametrize(("answer", "compared"), [(account(), [(Decimal(7), ())]), (RateLimited("busy"), [])])
def test_reconcile_drives_what_is_open_and_compares_what_is_held(answer, compared):
    ctx = a_context(an_intent(), Broker(find=an_order(), account=answer))

    assert execution.reconcile(ctx) == 1
    assert ctx.ledger.compared == compared


@pytest.mark.parametrize(("late", "booked", "looks"), [(an_order(4), [("e1",)], 2), (None, [], 1)])
def test_an_order_that_was_filled_after_all_is_booked_and_holdings_are_compared_again(late, booked, looks):
    # A symbol outside the mandate, so that only orders of our own can explain the difference.
    given_up = an_intent(symbol="GONE", state=S.REJECTED)
    ctx = a_context(given_up, Broker(find=late, fills=(a_fill(),), account=account()))
    ctx.ledger.intents = lambda _portfolio, *, open_only: ()
    ctx.ledger.differences = (SimpleNamespace(symbol="GONE"),)

    execution.compare(ctx)

    assert ctx.ledger.booked == booked
    assert len(ctx.ledger.compared) == looks


@pytest.mark.parametrize(("before", "after"), [(S.PENDING, S.REJECTED), (S.UNKNOWN, S.QUARANTINED)])
def test_a_kill_between_the_last_look_and_the_request_still_holds_an_entry_back(before, after):
    ctx = a_context(an_intent(state=before), Broker())
    states = [SimpleNamespace(state=ControlState.ACTIVE, epoch=0)]
    halted = SimpleNamespace(state=ControlState.HALTED, epoch=1)
    ctx.ledger.control = lambda _portfolio: states.pop() if states else halted

    assert execution.drive(ctx, "pm-1").state is after
    assert "submit" not in ctx.broker.calls


@pytest.mark.parametrize("stored", [None, an_intent()])
def test_nothing_is_submitted_that_is_not_committed(stored):
    ctx = a_context(stored)

    with pytest.raises(IntentNotCommitted, match="through execute only"):
        execution.submit(ctx, an_intent())


def test_an_intent_that_does_not_exist_is_not_driven():
    with pytest.raises(IntentNotCommitted, match="start from the proposal"):
        execution.drive(a_context(None), "pm-1")


@pytest.mark.parametrize(
    ("state", "epoch", "changes", "words"),
    [
        (ControlState.ACTIVE, 0, {}, None),
        (ControlState.ACTIVE, 1, {}, "after this was decided"),
        (ControlState.ACTIVE, 1, {"reduces": True}, None),
        (ControlState.REDUCING, 0, {}, "REDUCING"),
        (ControlState.REDUCING, 0, {"reduces": True}, None),
        (ControlState.HALTED, 0, {}, "HALTED"),
        (ControlState.HALTED, 0, {"reduces": True}, "HALTED"),
    ],
)
def test_the_control_state_stands_in_the_way(state, epoch, changes, words):
    ctx = a_context(an_intent())
    ctx.ledger.state = SimpleNamespace(state=state, epoch=epoch)

    why = presend.obstacle(ctx, an_intent(**changes))

    assert why is None if words is None else words in why


@pytest.mark.parametrize(
    ("origin", "kind", "rests", "leaves"),
    [
        (Origin.FLATTEN, None, False, True),
        (Origin.MONITOR, ExitKind.STOP, False, True),
        (Origin.MONITOR, ExitKind.STOP, True, False),
        (Origin.MONITOR, ExitKind.HORIZON, False, False),
        (Origin.MODEL, None, False, False),
    ],
)
def test_halted_only_a_flatten_and_an_approved_stop_leave(origin, kind, rests, leaves):
    ctx = a_context(an_intent(), BracketBroker(rests))
    ctx.ledger.state = SimpleNamespace(state=ControlState.HALTED, epoch=0)
    ctx.ledger.record = SimpleNamespace(origin=origin, exit_kind=kind)

    assert (presend.obstacle(ctx, an_intent(reduces=True)) is None) == leaves


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize(
    ("price", "words"), [(100.0, None), (99.0, None), (98.99, "outside the collar"), (101.01, "outside"), (None, "no")]
)
def test_the_price_must_be_inside_the_collar(price, words, replay):
    why = presend.obstacle(a_context(an_intent(), price=price, replay=replay), an_intent())

    assert why is None if words is None else words in why


@pytest.mark.parametrize("end", ["collar_low", "collar_high"])
def test_without_a_collar_any_price_will_do(end):
    assert presend.obstacle(a_context(an_intent(), price=1.0), an_intent(**{end: None})) is None


@pytest.mark.parametrize(
    ("session", "seconds", "words"),
    [(TODAY, 120, None), (TODAY, 121, "good until 2024-01-08 15:02:00"), (TODAY + timedelta(days=1), 0, "is over")],
)
def test_an_intent_grows_old(session, seconds, words):
    ctx = a_context(an_intent(), session=session, now=NOW + timedelta(seconds=seconds))

    why = presend.obstacle(ctx, an_intent())

    assert why is None if words is None else words in why


def test_a_proposal_that_has_its_intent_already_is_driven_on():
    ctx = a_context(an_intent(), Broker(submit=an_order()))
    ctx.ledger.record = SimpleNamespace(id="P1", version=1, trade=None)

    assert execution.execute(ctx, "P1").state is S.OPEN
