"""Print the book: status, positions, orders."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from domain.book import Book
from domain.market import MarketSnapshot
from domain.orders import OrderIntent
from domain.records import Control, ProposalStatus
from graph.views import market_now
from workers.cli import as_json as js
from workers.cli import output
from workers.wiring import Wired

UNTOLD = frozenset({"started", "control_reason", "control_by", "control_since"})
"""Keys of the status that have no line of their own."""


def current_market(wired: Wired) -> MarketSnapshot:
    """What is known of the market now."""
    return market_now(wired.ctx)


def current_book(wired: Wired) -> tuple[Book, Mapping[str, float]]:
    """The book now, and the prices it is reckoned with."""
    market = current_market(wired)
    prices = {symbol: bars.price for symbol, bars in market.history.items()}
    return wired.ctx.ledger.book(wired.ctx.portfolio, market.session, prices), prices


def status(wired: Wired, *, as_json: bool) -> None:
    """Print where the portfolio stands."""
    ctx = wired.ctx
    book, _ = current_book(wired)
    control = ctx.ledger.control(ctx.portfolio)
    waiting = ctx.ledger.proposals(ctx.portfolio, statuses=[ProposalStatus.AWAITING])
    last = next(iter(ctx.ledger.runs(ctx.portfolio, limit=1)), None)
    found = {
        "portfolio": ctx.portfolio,
        "session": book.session.isoformat(),
        "started": ctx.ledger.session(ctx.portfolio) is not None,
        "control": book.control.value,
        "control_reason": control.reason,
        "control_by": control.by,
        "control_since": control.session.isoformat() if control.session else None,
        "equity": round(book.equity, 2),
        "cash": round(book.cash, 2),
        "unit_value": round(book.unit_value, 6),
        "reference_high": round(book.reference_high, 6),
        "all_time_high": round(book.all_time_high, 6),
        "drawdown": round(min(book.unit_value / book.reference_high - 1.0, 0.0), 6),
        "positions": len(book.positions),
        "open_orders": len(book.working),
        "waiting": len(waiting),
        "unknown_orders": book.unknown_orders,
        "mismatches": book.mismatches,
        "last_run": {"slot": last.slot, "status": last.status.value, "analyst": last.analyst} if last else None,
    }
    if as_json:
        output.json_line(found)
        return
    run = f"{last.slot} ({last.status.value}, {last.analyst})" if last else "none yet: `pm run` makes one"
    shown = {
        **{key.replace("_", " "): str(value) for key, value in found.items() if key not in UNTOLD},
        "control": _control_line(control),
        "equity": f"${book.equity:,.2f}",
        "cash": f"${book.cash:,.2f}",
        "drawdown": output.percent(abs(float(str(found["drawdown"])))),
        "last run": run,
    }
    rows = output.table("", "")
    rows.show_header = False
    for key, text in shown.items():
        rows.add_row(key, text)
    output.console().print(rows)


def _control_line(control: Control) -> str:
    if not control.reason:
        return control.state.value
    return f"{control.state.value}: {control.reason} ({control.by}, since {control.session})"


def positions(wired: Wired, *, as_json: bool) -> None:
    """Print cash, equity and holdings."""
    if as_json:
        book, prices = current_book(wired)
        output.json_line(js.positions_json(book, wired.ctx.mandate, prices))
        return
    book_table(output.console(), wired)


def book_table(out: Console, wired: Wired) -> None:
    """Print the holdings as a table, with cash and equity below."""
    book, prices = current_book(wired)
    if book.positions:
        columns = ("symbol", "sector", "quantity", "price", "value", "weight", "gain", "stop", "until")
        rows = output.table(*columns, right=("quantity", "price", "value", "weight", "gain", "stop"))
        for symbol, position in sorted(book.positions.items()):
            price = prices[symbol]
            gain = price / position.average_price - 1.0 if position.average_price else 0.0
            rows.add_row(
                symbol,
                wired.ctx.mandate.sector(symbol),
                output.units(position.quantity),
                f"{price:,.2f}",
                output.money(position.quantity * price),
                output.percent(position.quantity * price / book.equity),
                output.percent(gain),
                f"{position.plan.stop_price:,.2f}" if position.plan else "",
                str(position.plan.horizon) if position.plan else "",
            )
        out.print(rows)
    else:
        out.print(Text("no positions", style="dim"))
    out.print(
        Text(
            f"cash {output.money(book.cash)} · equity {output.money(book.equity)} · unit value {book.unit_value:.4f}"
            f" · priced at what {'was known before' if wired.ctx.clock.replay else 'is known in'} {book.session}"
            f"{' opened' if wired.ctx.clock.replay else ''}",
            style="dim",
        )
    )


def orders(wired: Wired, limit: int, *, as_json: bool) -> None:
    """Print orders, newest first."""
    found = wired.ctx.ledger.orders(wired.ctx.portfolio, limit=limit)
    if as_json:
        output.json_line([js.order_json(intent) for intent in found])
    else:
        order_table(output.console(), found)


def order_table(out: Console, found: Sequence[OrderIntent]) -> None:
    """Print orders as a table."""
    if not found:
        out.print(Text("none", style="dim"))
        return
    rows = output.table(
        "order", "session", "side", "quantity", "symbol", "filled", "status", "", right=("quantity", "filled")
    )
    for intent in found:
        rows.add_row(
            intent.client_order_id,
            intent.session.isoformat(),
            intent.side.value,
            output.units(float(intent.quantity)),
            intent.symbol,
            output.units(float(intent.filled_quantity)),
            js.order_status(intent),
            Text(intent.problem, style="yellow"),
        )
    out.print(rows)
