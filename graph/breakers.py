"""The breakers: compare losses with policy's levels, and take the desk to REDUCING or HALTED by themselves."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import structlog

from domain.book import Book, ControlState
from domain.errors import AlreadyDecided, NoData
from domain.ports import MarketData
from domain.records import Cause, Control, FlowKind
from graph.context import Context
from graph.views import book_of, market_now

BY = "breakers"
TOLERANCE = 1e-9
"""What rounding may take from a loss that stands exactly at its level."""
HALTED, REDUCING, ACTIVE = ControlState.HALTED, ControlState.REDUCING, ControlState.ACTIVE
STRICTNESS = (ACTIVE, REDUCING, HALTED)

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Act(NamedTuple):
    """What a breaker wants: the state, why, and a name under which it does so once."""

    cause: Cause
    state: ControlState
    reason: str
    once: str


def look(ctx: Context) -> Control:
    """Check the breakers on the book as it stands, at what the market says now.

    Raises:
        NoData: something held has no price.
        Transient: the feed did not answer.
    """
    return check_breakers(ctx, book_of(ctx, market_now(ctx)))


def check_breakers(ctx: Context, book: Book) -> Control:
    """Write the control state that the losses of `book` call for; return the state that holds then.

    Drawdown acts once per reference high and level, the daily loss once per session and level. A breaker never loosens,
    except that a REDUCING for a daily loss ends with the next session. Repeating a check changes nothing.
    """
    before = ctx.ledger.control(ctx.portfolio)
    for act in sorted(_acts(ctx, book), key=lambda act: STRICTNESS.index(act.state), reverse=True):
        after = ctx.ledger.set_control(
            ctx.portfolio, act.state, act.reason, BY, ctx.clock.now(), cause=act.cause, once=act.once
        )
        if after.epoch != before.epoch:
            log.warning("breaker_acted", state=after.state.value, cause=after.cause.value, reason=after.reason)
        before = after
    return _end_of_day(ctx, book)


def sessions_since(market: MarketData, day: date, today: date, most: int) -> int:
    """Count the sessions after `day`, up to and with `today`; counting stops at `most`."""
    count = 0
    try:
        while count < most and (day := market.next_session(day)) <= today:
            count += 1
    except NoData:
        return count
    return count


def _acts(ctx: Context, book: Book) -> Iterator[Act]:
    levels = ctx.levels.breaker_levels()
    depth = 1.0 - book.unit_value / book.reference_high
    high = f"{_resets(ctx)}:{book.reference_high!r}"
    for state, level in ((HALTED, levels.drawdown_halted), (REDUCING, levels.drawdown_reducing)):
        if _reaches(depth, level):
            said = f"unit value {book.unit_value:.4f} is {depth:.1%} below its reference high {book.reference_high:.4f}"
            yield Act(Cause.DRAWDOWN, state, f"{said} (level {level:.0%})", f"drawdown:{state.value}:{high}")
    loss, when = _worst_session(ctx, book)
    for state, level in ((HALTED, levels.daily_halted), (REDUCING, levels.daily_reducing)):
        if _reaches(loss, level):
            said = f"{when} lost {loss:.1%} (level {level:.0%})"
            yield Act(Cause.DAILY_LOSS, state, said, f"daily_loss:{state.value}:{book.session}")
    yield from _heartbeat(ctx, book)


def _reaches(loss: float, level: float | None) -> bool:
    # A loss that is no number stops the desk: `not (nan < level)` is true.
    return level is not None and not loss < level - TOLERANCE


def _worst_session(ctx: Context, book: Book) -> tuple[float, str]:
    """Find the larger loss, of the last complete session or of this one so far: a fraction, and which one it was."""
    last = -book.last_session_return if book.last_session_return is not None else 0.0
    newest = next(iter(ctx.ledger.equity_points(ctx.portfolio, limit=1)), None)
    opened = newest.unit_value if newest is not None and newest.session == book.session else book.unit_value
    today = 1.0 - book.unit_value / opened if opened else 0.0
    return (today, "this session") if today > last else (last, "the last session")


def _heartbeat(ctx: Context, book: Book) -> Iterator[Act]:
    """Notice that nobody looked for two sessions while something was held; replays skip sessions on purpose."""
    if ctx.clock.replay or not book.positions:
        return
    earlier = [point.session for point in ctx.ledger.equity_points(ctx.portfolio) if point.session < book.session]
    if earlier and sessions_since(ctx.market, earlier[0], book.session, most=3) == 3:  # noqa: PLR2004 - two missed, and today
        said = f"nobody has looked at the holdings since session {earlier[0]}"
        yield Act(Cause.HEARTBEAT, REDUCING, said, f"heartbeat:{book.session}")


def _end_of_day(ctx: Context, book: Book) -> Control:
    control = ctx.ledger.control(ctx.portfolio)
    if control.state is not REDUCING or control.cause is not Cause.DAILY_LOSS:
        return control
    if control.session is None or control.session >= book.session:
        return control
    said = f"the session after {control.session} has begun"
    try:
        return ctx.ledger.set_control(
            ctx.portfolio, ACTIVE, said, BY, ctx.clock.now(), control.epoch, cause=Cause.DAILY_LOSS
        )
    except AlreadyDecided:
        return ctx.ledger.control(ctx.portfolio)


def _resets(ctx: Context) -> int:
    return sum(flow.kind is FlowKind.RESET for flow in ctx.ledger.flows(ctx.portfolio))
