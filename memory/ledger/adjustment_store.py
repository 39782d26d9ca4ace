"""Splits, new symbols and trades made by hand: booked once each, carried through everything that knows the symbol."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_DOWN, Decimal

from sqlmodel import Session, col, func, select

from domain.adjustment import Adjustment, AdjustmentKind, CorporateAction
from domain.errors import BadInput
from domain.orders import LEGS, Fill, IntentState
from domain.records import ProposalStatus
from domain.trade import ExitPlan, Side
from memory.ledger.accounts import hold_account, release
from memory.ledger.book_rows import POSITIONS
from memory.ledger.holding import EXTERNAL, Holding, fold
from memory.ledger.mismatch_store import CASH, mismatch_rows
from memory.ledger.part import Part
from memory.ledger.positions import events_of, holding_of, moment_of, plan_key, refold
from memory.ledger.proposal_rows import answer_by_desk, hold_proposal
from memory.ledger.sql import run
from memory.ledger.tables import AdjustmentRow, FillRow, IntentRow, MismatchRow, ProposalRow
from memory.ledger.types import to_micro

NOT_SENT = (ProposalStatus.SCHEDULED, ProposalStatus.JUDGED, ProposalStatus.AWAITING, ProposalStatus.APPROVED)
OPEN = tuple(state for state in IntentState if not state.is_final)
PRICES = ("limit_price", "stop_price", "take_profit_price", "plan_stop", "plan_target", "collar_low", "collar_high")


class AdjustmentPart(Part):
    """Implements `domain.adjustment.AdjustmentStore`."""

    def apply_corporate_action(
        self, portfolio: str, action: CorporateAction, price: Decimal | None, by: str, *, fractions: bool = False
    ) -> Adjustment | None:
        """Carry a split or a new symbol through holding, plan, open orders and what waits; None when done before.

        Raises:
            BadInput: a fraction is left and `price` is None.
        """
        with self._database.write(portfolio) as db:
            account = hold_account(db, portfolio)
            if _known(db, portfolio, action.key):
                return None
            at = datetime.combine(action.effective, time(), UTC)
            before = _holding_before(db, portfolio, action.symbol, at)
            row = self._row(
                db, portfolio, action.key, action.kind, action.symbol, session=action.effective, at=at, by=by
            )
            row.new_symbol, row.new_units, row.old_units = action.new_symbol, action.new_units, action.old_units
            row.reason = action.sentence
            if action.kind is AdjustmentKind.SPLIT and not fractions:
                _pay_out_fraction(row, before, price)
                account.cash += row.cash
            if action.kind is AdjustmentKind.RENAME:
                row.carried, row.cost = before.quantity, before.cost
                row.opened, row.proposal_id = before.opened, before.proposal_id
            db.add(row)
            db.flush()
            for symbol in filter(None, (action.symbol, action.new_symbol)):
                refold(db, portfolio, symbol)
            _carry_orders(db, portfolio, action)
            ended = self._end_what_waits(db, portfolio, action)
            self._audit(db, row, {"before": str(before.quantity), "ended": " ".join(ended)})
            return _to_adjustment(row)

    def adopt_external(self, portfolio: str, fills: Sequence[Fill]) -> int:
        """Book executions of orders that are not ours, once each; return how many were new."""
        with self._database.write(portfolio) as db:
            account, booked = hold_account(db, portfolio), 0
            for fill in sorted(fills, key=lambda fill: (fill.at, fill.execution_id)):
                key = f"fill:{fill.execution_id}"
                if _known(db, portfolio, key) or db.get(FillRow, fill.execution_id) is not None:
                    continue
                sign = 1 if fill.side is Side.BUY else -1
                kind, session, at = AdjustmentKind.EXTERNAL, fill.session, fill.at
                row = self._row(db, portfolio, key, kind, fill.symbol, session=session, at=at, by="broker")
                row.quantity, row.price = to_micro(sign * fill.quantity), to_micro(fill.price)
                row.cash = to_micro(-sign * fill.quantity * fill.price - fill.commission)
                row.reason = f"order {fill.client_order_id or 'without a name'} was placed by hand at the broker"
                account.cash += row.cash
                db.add(row)
                db.flush()
                refold(db, portfolio, fill.symbol)
                self._audit(db, row, {"client_order_id": fill.client_order_id})
                booked += 1
            return booked

    def plan_external(self, portfolio: str, symbol: str, plan: ExitPlan, by: str) -> None:
        """Give a holding that no proposal opened its exit plan, once for as long as it is held."""
        with self._database.write(portfolio) as db:
            hold_account(db, portfolio)
            holding = holding_of(db, portfolio, symbol)
            key = plan_key(symbol, holding)
            if holding.proposal_id != EXTERNAL or _known(db, portfolio, key):
                return
            session, now = self._clock.session(), self._clock.now()
            row = self._row(db, portfolio, key, AdjustmentKind.PLAN, symbol, session=session, at=now, by=by)
            row.plan = plan.model_dump(mode="json")
            row.reason = f"nobody proposed it: stop at {plan.stop_price:g}, held until {plan.horizon}"
            db.add(row)
            db.flush()
            refold(db, portfolio, symbol)
            self._audit(db, row, {"stop": str(plan.stop_price), "horizon": plan.horizon.isoformat()})

    def accept_mismatches(
        self, portfolio: str, prices: Mapping[str, Decimal], session: date, at: datetime, by: str, reason: str
    ) -> tuple[Adjustment, ...]:
        """Take over what the broker says of the symbols in `prices` (dollars a unit), which then differ no more.

        Raises:
            BadInput: nothing differs there; says what does.
        """
        with self._database.write(portfolio) as db:
            account = hold_account(db, portfolio)
            known = {row.symbol: row for row in mismatch_rows(db, portfolio)}
            for symbol in prices:
                if symbol not in known:
                    raise BadInput(f"{symbol} does not differ from the broker", _what_differs(known))
            return tuple(
                self._accept(db, known[symbol], price, session, at, by, reason, account.cash)
                for symbol, price in sorted(prices.items())
            )

    def holdings(self, portfolio: str) -> dict[str, date]:
        """Map what is held to the session it was opened in."""
        with self._database.read() as db:
            return {row.symbol: row.opened for row in run(db, POSITIONS, portfolio=portfolio)}

    def adjustments(self, portfolio: str) -> tuple[Adjustment, ...]:
        """List adjustments, oldest first."""
        with self._database.read() as db:
            every = select(AdjustmentRow).where(AdjustmentRow.portfolio == portfolio)
            return tuple(_to_adjustment(row) for row in db.exec(every.order_by(col(AdjustmentRow.number))))

    def _accept(
        self,
        db: Session,
        found: MismatchRow,
        price: Decimal,
        session: date,
        at: datetime,
        by: str,
        reason: str,
        cash: Decimal,
    ) -> Adjustment:
        key = f"accept:{found.symbol}:{found.first_seen.isoformat()}:{_count(db, found.portfolio)}"
        row = self._row(db, found.portfolio, key, AdjustmentKind.ACCEPTED, found.symbol, session=session, at=at, by=by)
        row.reason = reason
        if found.symbol == CASH:
            row.cash = found.broker - cash
            hold_account(db, found.portfolio).cash += row.cash
        else:
            row.quantity, row.price = found.broker - found.book, to_micro(price)
        detail = {"book": str(found.book), "broker": str(found.broker)}
        db.add(row)
        db.delete(found)
        db.flush()
        if found.symbol != CASH:
            refold(db, row.portfolio, row.symbol)
        self._audit(db, row, detail)
        return _to_adjustment(row)

    def _row(
        self,
        db: Session,
        portfolio: str,
        key: str,
        kind: AdjustmentKind,
        symbol: str,
        *,
        session: date,
        at: datetime,
        by: str,
    ) -> AdjustmentRow:
        zero = Decimal(0)
        return AdjustmentRow(
            portfolio=portfolio,
            number=_count(db, portfolio) + 1,
            key=key,
            kind=kind,
            symbol=symbol,
            new_units=1,
            old_units=1,
            quantity=zero,
            cash=zero,
            carried=zero,
            cost=zero,
            session=session,
            at=at,
            by=by,
            reason="",
        )

    def _end_what_waits(self, db: Session, portfolio: str, action: CorporateAction) -> list[str]:
        waiting = select(ProposalRow).where(
            ProposalRow.portfolio == portfolio,
            ProposalRow.symbol == action.symbol,
            col(ProposalRow.status).in_(NOT_SENT),
        )
        rows = db.exec(waiting.order_by(ProposalRow.id)).all()
        for row in rows:
            if row.status is ProposalStatus.AWAITING:
                db.add(answer_by_desk(row, "expire", "desk", self._clock.now(), hindsight=self._clock.replay))
            row.status, row.problem = ProposalStatus.EXPIRED, action.sentence
            release(db, row.id)
            self._note(db, portfolio, "proposal_expired", f"P-{row.id}", {"problem": action.sentence})
        return [row.id for row in rows]

    def _audit(self, db: Session, row: AdjustmentRow, more: Mapping[str, str]) -> None:
        told = {"key": row.key, "quantity": str(row.quantity), "cash": str(row.cash), "reason": row.reason}
        self._note(db, row.portfolio, f"adjusted_{row.kind.value}", row.symbol, {**told, **more}, row.by)


def _pay_out_fraction(row: AdjustmentRow, held: Holding, price: Decimal | None) -> None:
    after = held.quantity * row.new_units / row.old_units
    fraction = to_micro(after - after.quantize(Decimal(1), rounding=ROUND_DOWN))
    if fraction:
        if price is None:
            raise BadInput(
                f"the split leaves {fraction.normalize():f} of a share of {row.symbol}", "say what it brought: --price"
            )
        row.quantity, row.price, row.cash = -fraction, to_micro(price), to_micro(fraction * price)


def _holding_before(db: Session, portfolio: str, symbol: str, at: datetime) -> Holding:
    earlier = [event for event in events_of(db, portfolio, symbol) if moment_of(event)[0] < at]
    return fold(Holding(), earlier, symbol)


def _carry_orders(db: Session, portfolio: str, action: CorporateAction) -> None:
    ratio = Decimal(action.new_units) / action.old_units
    orders = select(IntentRow).where(
        IntentRow.portfolio == portfolio, IntentRow.symbol == action.symbol, col(IntentRow.state).in_(OPEN)
    )
    for order in db.exec(orders):
        proposal = hold_proposal(db, order.proposal_id)
        moved = (order,) if order.leg.startswith(LEGS) else (order, proposal)
        for row in moved:
            row.symbol = action.new_symbol or action.symbol
            row.quantity, row.filled_quantity = to_micro(row.quantity * ratio), to_micro(row.filled_quantity * ratio)
        for name in PRICES:
            price = getattr(order, name)
            setattr(order, name, None if price is None else to_micro(price / ratio))


def _known(db: Session, portfolio: str, key: str) -> bool:
    found = select(AdjustmentRow).where(AdjustmentRow.portfolio == portfolio, AdjustmentRow.key == key)
    return db.exec(found).first() is not None


def _count(db: Session, portfolio: str) -> int:
    return db.exec(select(func.count()).where(AdjustmentRow.portfolio == portfolio)).one()


def _what_differs(known: Mapping[str, MismatchRow]) -> str:
    return f"what differs: {', '.join(sorted(known))}" if known else "nothing differs; see `pm reconcile`"


def _to_adjustment(row: AdjustmentRow) -> Adjustment:
    hidden = {"portfolio", "number", "carried", "cost", "opened", "proposal_id", "plan"}
    return Adjustment.model_validate(row.model_dump(exclude=hidden))
