"""The scripted operator of replays and backtests: resumes a desk that its breakers stopped, after twenty sessions."""

from domain.book import ControlState
from domain.records import Cause
from graph.breakers import sessions_since
from graph.context import Context
from graph.control import SESSIONS_OUT
from graph.views import book_of, market_now

BY = "scripted operator"


def resume_when_due(ctx: Context) -> bool:
    """Resume a HALTED or drawdown-REDUCING desk when twenty sessions have passed; tell whether it was resumed.

    What a person stopped stays stopped. Call it after the clock has moved and before the run of the session; live runs
    never do. Each resume is one audit row by this operator, and `resumes` counts them.
    """
    control = ctx.ledger.control(ctx.portfolio)
    stopped = control.state is ControlState.HALTED or control.cause is Cause.DRAWDOWN
    if control.state is ControlState.ACTIVE or not stopped or control.cause is Cause.PERSON or control.session is None:
        return False
    if sessions_since(ctx.market, control.session, ctx.clock.session(), SESSIONS_OUT) < SESSIONS_OUT:
        return False
    level = book_of(ctx, market_now(ctx)).unit_value
    after = ctx.ledger.set_control(
        ctx.portfolio,
        ControlState.ACTIVE,
        f"{SESSIONS_OUT} sessions have passed",
        BY,
        ctx.clock.now(),
        control.epoch,
        reference_high=level,
    )
    return after.epoch != control.epoch


def resumes(ctx: Context) -> int:
    """Count how often this operator has resumed the portfolio."""
    rows = ctx.ledger.audit_rows(ctx.portfolio)
    return sum(row.action == "control_changed" and row.actor == BY for row in rows)
