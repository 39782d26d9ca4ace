"""A clock that stands where it is put, and short ways to write down proposals, verdicts, intents and fills."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.mandate import Instrument, Mandate
from domain.orders import Fill, Order, OrderIntent, OrderStatus, client_order_id
from domain.proposal import Origin, TradeProposal
from domain.records import Approval, NewProposal, ProposalStatus
from domain.scan import Style
from domain.trade import ExitPlan, Side, Trade
from domain.verdict import Decision, Phase, RiskVerdict, RuleResult

D1, D2 = date(2017, 5, 26), date(2017, 5, 30)
NOW = datetime(2017, 5, 26, 13, 35, tzinfo=UTC)
PRICES = {"AAPL": 100.0, "MSFT": 50.0, "XOM": 80.0}


class FakeClock:
    """Implements `domain.ports.Clock`; time moves when told."""

    def __init__(self, now: datetime = NOW, *, replay: bool = True) -> None:
        self.at = now
        self.replay = replay

    def now(self) -> datetime:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

    def session(self) -> date:
        return self.at.date()

    def move(self, **delta: float) -> None:
        self.at += timedelta(**delta)


def a_mandate(name: str = "demo", cash: float = 100_000.0) -> Mandate:
    universe = {symbol: Instrument(name=symbol, sector="technology") for symbol in PRICES}
    return Mandate(name=name, start=D1, starting_cash=cash, style=Style.TREND, universe=universe)


def a_proposal(symbol: str = "AAPL", action: str = "BUY", **fields: object) -> TradeProposal:
    given = {
        "symbol": symbol,
        "action": action,
        "position_size_pct": 0.0 if action == "HOLD" else 0.05,
        "reason": "because",
        "confidence": 0.6,
        "risk_level": "low",
        "expected_upside_pct": 4.5,
        "worst_case_loss_pct": 2.3,
        "time_horizon_days": 14,
    }
    return TradeProposal.model_validate(given | fields)


def a_plan(stop: float = 95.0) -> ExitPlan:
    return ExitPlan(stop_price=stop, stop_distance=0.05, horizon=date(2017, 6, 14))


def a_trade(name: str, quantity: float = 10.0, **fields: object) -> Trade:
    """Trade of proposal `name`; AAPL bought at its price unless told otherwise."""
    proposal = fields.pop("proposal", None) or a_proposal()
    assert isinstance(proposal, TradeProposal)
    given = {
        "proposal_id": name,
        "proposal": proposal,
        "origin": Origin.MODEL,
        "side": Side(proposal.action.value),
        "asked_quantity": quantity,
        "quantity": quantity,
        "price": PRICES[proposal.symbol],
        "plan": a_plan(),
    }
    return Trade.model_validate(given | fields)


def a_new(name: str, symbol: str = "AAPL", action: str = "BUY", **fields: object) -> NewProposal:
    proposal = a_proposal(symbol, action)
    trade = None if action == "HOLD" else a_trade(name, proposal=proposal, **fields)
    return NewProposal(id=name, origin=Origin.MODEL, proposal=proposal, trade=trade)


def a_verdict(name: str, quantity: float = 10.0, **fields: object) -> RiskVerdict:
    given = {
        "proposal_id": name,
        "version": 1,
        "phase": Phase.FIRST,
        "decision": Decision.EXECUTE,
        "quantity": quantity,
        "asked_quantity": 10.0,
        "results": (RuleResult(rule="max_position_weight", outcome="pass", observed=0.01, soft=0.08, hard=0.12),),
        "snapshot_digest": "s",
        "book_digest": "b",
        "policy_digest": "p",
        "code_version": "test",
    }
    return RiskVerdict.model_validate(given | fields)


def an_answer(name: str, answer: str = "approve", by: str = "local", version: int = 1, **fields: object) -> Approval:
    given = {
        "proposal_id": name,
        "version": version,
        "answer": answer,
        "by": by,
        "channel": "terminal",
        "at": NOW,
        "payload_hash": a_proposal().payload_hash,
        "quantity": 10.0,
        "collar_low": 99.123456789,
        "shown": {"max_position_weight": 0.09},
    }
    return Approval.model_validate(given | fields)


def an_intent(name: str, quantity: str = "10", **fields: object) -> OrderIntent:
    given = {
        "client_order_id": client_order_id(name, 1, "entry"),
        "portfolio": "demo",
        "proposal_id": name,
        "version": 1,
        "leg": "entry",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(quantity),
        "session": D1,
        "created_at": NOW,
        "valid_until": NOW + timedelta(seconds=120),
    }
    return OrderIntent.model_validate(given | fields)


def an_order(intent: OrderIntent, status: OrderStatus, filled: str = "0", reason: str = "") -> Order:
    return Order(
        client_order_id=intent.client_order_id,
        broker_order_id=f"b-{intent.client_order_id}",
        symbol=intent.symbol,
        side=intent.side,
        quantity=intent.quantity,
        filled_quantity=Decimal(filled),
        status=status,
        submitted_at=NOW,
        reason=reason,
    )


def a_fill(intent: OrderIntent, execution_id: str, quantity: str, price: str, commission: str = "0", **fields) -> Fill:
    given = {
        "execution_id": execution_id,
        "client_order_id": intent.client_order_id,
        "symbol": intent.symbol,
        "side": intent.side,
        "quantity": Decimal(quantity),
        "price": Decimal(price),
        "commission": Decimal(commission),
        "at": NOW,
        "session": D1,
    }
    return Fill.model_validate(given | fields)


class Desk:
    """A ledger with portfolio `demo` in session D1, and the steps that tests repeat."""

    def __init__(self, ledger, clock: FakeClock) -> None:
        self.ledger = ledger
        self.clock = clock
        ledger.open_portfolio(a_mandate(), D1, NOW)
        ledger.enter_session("demo", D1, NOW)

    def schedule(self, name: str, symbol: str = "AAPL", action: str = "BUY", session: date = D1, **fields):
        new = a_new(name, symbol, action, **fields)
        return self.ledger.add_batch("demo", f"batch-{name}", "slot", session, [new], self.clock.now())[0]

    def judge(self, name: str, status=ProposalStatus.JUDGED, quantity: float = 10.0, stop_risk: float = 50.0, **fields):
        with self.ledger.locked_book("demo") as locked:
            trade = locked.proposal(name).trade
            locked.record_verdict(a_verdict(name, quantity, **fields), trade.of(quantity), status, stop_risk)
        return self.ledger.proposal(name)

    def judged(self, name: str, symbol: str = "AAPL", action: str = "BUY", **fields):
        self.schedule(name, symbol, action, **fields)
        return self.judge(name)

    def waiting(self, name: str, symbol: str = "AAPL", minutes: int = 15):
        self.judged(name, symbol)
        return self.ledger.ask(name, 1, self.clock.now() + timedelta(minutes=minutes), self.clock.now())

    def committed(self, name: str, symbol: str = "AAPL", action: str = "BUY", quantity: str = "10", **fields):
        self.judged(name, symbol, action, **fields)
        intent = an_intent(name, quantity, symbol=symbol, side=Side(action), reduces=fields.get("reduces", False))
        return self.ledger.commit_intent(intent)

    def filled(self, name: str, quantity: str, price: str, commission: str = "0", action: str = "BUY", **fields):
        intent = self.committed(name, action=action, quantity=quantity)
        fill = a_fill(intent, f"x-{name}", quantity, price, commission, **fields)
        return self.ledger.book_order(an_order(intent, OrderStatus.FILLED, quantity), [fill], NOW)

    def book(self, session: date = D1, prices=PRICES):
        return self.ledger.book("demo", session, prices)

    def actions(self, chain: str = "demo") -> list[str]:
        return [row.action for row in self.ledger.audit_rows(chain)]


def drivers(desk: "Desk") -> list[Any]:
    """The driver's own connections that a ledger on SQLite keeps open."""
    database = desk.ledger._database
    desk.book()
    desk.ledger.audit("demo", "looked", "at the connections", {}, "test")
    return [kept.connection.driver_connection for lane in (database._reader, database._writer) for kept in lane._idle]
