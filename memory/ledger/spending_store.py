"""What models cost: room set aside before a call, the calls themselves, and their sums."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, select

from domain.research import ModelCall
from domain.spending import SpendCap, SpendLine, Spent, hold_caps
from memory.ledger.part import Part
from memory.ledger.sql import add_once
from memory.ledger.tables import ModelCallRow, SpendHoldRow

LOCK = "spending on models"
"""The writers' lock of the purse: on PostgreSQL one process at a time adds up and sets aside."""


class SpendingPart(Part):
    """Implements `domain.spending.SpendStore`: a day's sum is its stored calls and its holds, of all portfolios."""

    def set_aside(self, portfolio: str, slot: str, worst_case: Spent, caps: Sequence[SpendCap]) -> int:
        """Take room for one call before it is made; return the number of the hold."""
        today = self._clock.wall().date()
        with self._database.write(LOCK) as db:
            run, day = _sum(db, portfolio=portfolio, slot=slot), _sum(db, day=today)
            hold_caps(caps, run.plus(worst_case), day.plus(worst_case))
            row = SpendHoldRow(portfolio=portfolio, slot=slot, day=today, **worst_case.model_dump())
            db.add(row)
            db.flush()
            assert row.number is not None
            return row.number

    def settle(self, hold: int, used: Spent) -> None:
        """Replace what was set aside by what was used; nothing used gives the room back."""
        with self._database.write() as db:
            row = db.get(SpendHoldRow, hold)
            if row is None:
                return
            if used == Spent():
                db.delete(row)
            else:
                row.tokens, row.cost_usd = used.tokens, used.cost_usd

    def spending(self, since: date | None = None, portfolio: str | None = None) -> tuple[SpendLine, ...]:
        """Sum the calls by portfolio, run, day and model, newest day first; of all portfolios without a name."""
        with self._database.read() as db:
            lines = [
                SpendLine.model_validate(found)
                for found in db.connection().execute(_calls_query(since, portfolio)).mappings()
            ]
            lines += [
                SpendLine(
                    portfolio=row.portfolio,
                    slot=row.slot,
                    day=row.day,
                    model="under way, or of a process that died",
                    held=Spent(tokens=row.tokens, cost_usd=row.cost_usd),
                )
                for row in db.exec(select(SpendHoldRow))
                if (since is None or row.day >= since) and portfolio in {None, row.portfolio}
            ]
        return tuple(sorted(lines, key=lambda line: (-line.day.toordinal(), line.portfolio, line.slot, line.model)))


def store_calls(db: Session, at: datetime, portfolio: str, slot: str, calls: Sequence[ModelCall]) -> None:
    """Store calls in the caller's transaction, each once, and drop their holds: from now on the rows count."""
    for call in calls:
        if call.cached and _is_stored(db, portfolio, slot, call):
            continue
        add_once(db, ModelCallRow, portfolio=portfolio, slot=slot, day=at.date(), at=at, **call.model_dump())
        if call.hold:
            db.exec(delete(SpendHoldRow).where(col(SpendHoldRow.number) == call.hold))


def _is_stored(db: Session, portfolio: str, slot: str, call: ModelCall) -> bool:
    same = select(ModelCallRow.number).where(
        ModelCallRow.portfolio == portfolio,
        ModelCallRow.slot == slot,
        ModelCallRow.node == call.node,
        ModelCallRow.subject == call.subject,
        ModelCallRow.prompt_digest == call.prompt_digest,
    )
    return db.exec(same).first() is not None


def _sum(db: Session, **equal: object) -> Spent:
    tokens = func.sum(col(ModelCallRow.prompt_tokens) + col(ModelCallRow.completion_tokens))
    stored: Any = select(tokens, func.sum(col(ModelCallRow.cost_usd))).filter_by(**equal)
    held: Any = select(func.sum(col(SpendHoldRow.tokens)), func.sum(col(SpendHoldRow.cost_usd))).filter_by(**equal)
    total = Spent()
    # Holds first: a call that is stored between the two queries counts twice for a moment, never not at all.
    for query in (held, stored):
        count, cost = db.exec(query).one()
        total = total.plus(Spent(tokens=int(count or 0), cost_usd=float(cost or 0.0)))
    return total


def _calls_query(since: date | None, portfolio: str | None) -> Select[*tuple[Any, ...]]:
    row = ModelCallRow
    keys = (col(row.portfolio), col(row.slot), col(row.day), col(row.model))
    asked = case((col(row.cached), 0), else_=1)
    query = select_columns(
        *keys,
        func.sum(asked).label("calls"),
        (func.count() - func.sum(asked)).label("cached"),
        func.sum(case((col(row.error) != "", 1), else_=0)).label("failed"),
        func.sum(case((col(row.estimated), 1), else_=0)).label("estimated"),
        func.sum(col(row.prompt_tokens)).label("prompt_tokens"),
        func.sum(col(row.completion_tokens)).label("completion_tokens"),
        func.sum(col(row.cost_usd)).label("cost_usd"),
        func.sum(col(row.latency_seconds)).label("seconds"),
    ).group_by(*keys)
    if since is not None:
        query = query.where(col(row.day) >= since)
    return query if portfolio is None else query.where(col(row.portfolio) == portfolio)
