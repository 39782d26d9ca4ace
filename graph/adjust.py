"""What holdings become without an order of ours: splits, new symbols, trades by hand, differences a person explains."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import structlog

from domain.adjustment import Adjustment, AdjustmentKind, CorporateAction, CorporateActions
from domain.book import Book
from domain.errors import BadInput
from domain.market import MarketSnapshot
from domain.proposal import Action, TradeProposal
from domain.records import FlowKind, Mismatch
from domain.trade import Side
from graph.context import Context
from graph.priced import priced_symbols
from graph.sizing import exit_plan
from graph.views import market_now

CASH = "CASH"
LOOK_BACK = timedelta(days=30)
"""Trades by hand are looked for this far back from the moment a difference was first seen."""

HELD_DAYS = 30
"""What nobody proposed is held this many days, unless its stop comes first; then it takes a proposal to keep it."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def catch_up(ctx: Context) -> tuple[Adjustment, ...]:
    """Carry through what feed and broker know of splits and new symbols since the oldest holding; each once.

    Raises:
        BadInput: a symbol's new name is not in the mandate.
        Transient: feed or broker did not answer.
    """
    sources = [source for source in (ctx.broker, ctx.market) if isinstance(source, CorporateActions)]
    if not sources:
        return ()
    positions, orders = ctx.ledger.holdings(ctx.portfolio), ctx.ledger.intents(ctx.portfolio, open_only=True)
    days = [*positions.values(), *(order.session for order in orders)]
    symbols = tuple(sorted({*positions, *(order.symbol for order in orders)}))
    if not days:
        return ()
    known = [action for source in sources for action in source.corporate_actions(symbols, min(days))]
    due = sorted((a for a in known if a.effective <= ctx.clock.session()), key=lambda a: (a.effective, a.key))
    done = [carry_through(ctx, action, "desk") for action in due]
    return tuple(adjustment for adjustment in done if adjustment is not None)


def carry_through(ctx: Context, action: CorporateAction, by: str, price: Decimal | None = None) -> Adjustment | None:
    """Apply one split or new symbol; None when that was done before. `price` is for a fraction, else the feed's.

    Raises:
        BadInput: not effective yet, a new symbol that is not in the mandate, or a fraction without a price.
    """
    if action.effective > ctx.clock.session():
        raise BadInput(f"{action.sentence}: that is after session {ctx.clock.session()}", "apply it when it is due")
    if action.new_symbol is not None and action.new_symbol not in ctx.mandate.universe:
        raise BadInput(
            f"{action.new_symbol} is not in the mandate of {ctx.portfolio!r}", f"add it beside {action.symbol} first"
        )
    if price is None and action.kind is AdjustmentKind.SPLIT:
        told = market_now(ctx).price(action.symbol)
        price = Decimal(str(told)) if told is not None else None
    fractions = ctx.broker.account().fractional
    done = ctx.ledger.apply_corporate_action(ctx.portfolio, action, price, by, fractions=fractions)
    if done is not None:
        log.info("corporate_action_applied", symbol=action.symbol, what=action.sentence, key=action.key)
    return done


def adopt_external(ctx: Context, differences: Sequence[Mismatch]) -> int:
    """Book executions that no order of ours asked for and that may explain a difference; return how many.

    Symbols that are neither in the mandate nor held are left to a person: nothing here could price them.

    Raises:
        Transient: the broker did not answer.
    """
    symbols = {found.symbol for found in differences} & set(priced_symbols(ctx.mandate, ctx.ledger))
    if not symbols:
        return 0
    opened = ctx.ledger.flows(ctx.portfolio)[0].at
    since = max(opened, min(found.first_seen for found in differences) - LOOK_BACK)
    theirs = [
        fill
        for fill in ctx.broker.fills(since)
        if fill.symbol in symbols and fill.leg is None and ctx.ledger.intent(fill.client_order_id) is None
    ]
    return ctx.ledger.adopt_external(ctx.portfolio, theirs) if theirs else 0


def plan_external(ctx: Context, book: Book, market: MarketSnapshot) -> bool:
    """Give holdings that nobody proposed the exit plan sizing would have given them; tell whether there were any."""
    bare = [(symbol, held) for symbol, held in sorted(book.positions.items()) if held.plan is None]
    for symbol, held in bare:
        side, price = (Side.BUY if held.quantity > 0 else Side.SELL), market.history[symbol].price
        plan = exit_plan(_as_if_proposed(symbol, side), side, price, market)
        ctx.ledger.plan_external(ctx.portfolio, symbol, plan, "desk")
    return bool(bare)


def _as_if_proposed(symbol: str, side: Side) -> TradeProposal:
    return TradeProposal(
        symbol=symbol,
        action=Action(side.value),
        position_size_pct=1.0,
        reason="held without a proposal",
        confidence=0.5,
        risk_level="low",
        expected_upside_pct=0.0,
        worst_case_loss_pct=0.0,
        time_horizon_days=HELD_DAYS,
    )


def accept(
    ctx: Context, symbols: Sequence[str], by: str, reason: str, *, as_flow: bool = False
) -> tuple[Adjustment, ...]:
    """Take over the broker's word on differences that a person has looked at; they block nothing any more.

    A difference in cash counts as gain or loss (a fee, a dividend, the other half of a trade by hand), or with
    `as_flow` as a deposit or withdrawal, which no breaker sees.

    Raises:
        BadInput: nothing differs there, or the feed has no price for a symbol.
    """
    market, prices = market_now(ctx), {}
    known = {found.symbol: found for found in ctx.ledger.mismatches(ctx.portfolio)}
    for symbol in symbols:
        if symbol not in known:
            differs = ", ".join(sorted(known)) or "nothing"
            raise BadInput(f"{symbol} does not differ from the broker", f"what differs: {differs}")
        price = 1.0 if symbol == CASH else market.price(symbol)
        if price is None or (symbol != CASH and symbol not in priced_symbols(ctx.mandate, ctx.ledger)):
            raise BadInput(f"{symbol} is not in the mandate of {ctx.portfolio!r}", "add it there, or sell it by hand")
        prices[symbol] = Decimal(str(price))
    if as_flow and CASH in prices:
        _flow(ctx, known[CASH], by)
        del prices[CASH]
    session, now = ctx.clock.session(), ctx.clock.now()
    return ctx.ledger.accept_mismatches(ctx.portfolio, prices, session, now, by, reason) if prices else ()


def _flow(ctx: Context, found: Mismatch, by: str) -> None:
    moved = found.broker - found.book
    kind = FlowKind.DEPOSIT if moved > 0 else FlowKind.WITHDRAWAL
    key = f"broker:{found.first_seen.isoformat()}:{moved}"
    prices = {symbol: bars.price for symbol, bars in market_now(ctx).history.items()}
    ctx.ledger.flow(ctx.portfolio, abs(moved), kind, ctx.clock.session(), ctx.clock.now(), key, prices=prices, by=by)
