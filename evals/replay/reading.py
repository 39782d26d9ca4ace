"""Read a replay's result out of its ledger: positions from the fills, marked at closes that are known by now."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from domain.errors import NoData
from domain.history import History
from domain.mandate import Mandate
from domain.orders import Fill
from domain.records import Flow, FlowKind
from domain.trade import Side
from evals.replay.result import BacktestResult, Curve, Prices, by_sector, halts_of, rule_tallies, tally
from graph.operator import BY as OPERATOR


def read_result(
    history: History,
    mandate: Mandate,
    prices: Prices,
    sessions: Sequence[date],
    before: date,
    *,
    analyst: str,
    approver: str,
    blind: bool,
    rules: Sequence[str],
) -> BacktestResult:
    """Read what `sessions` came to; `before` is the session before the first, `rules` the names of the policy's.

    Raises:
        NoData: something that was held has no close.
    """
    portfolio = mandate.name
    fills, judged = history.all_fills(portfolio), tuple(history.first_verdicts(portfolio))
    changes = history.control_changes(portfolio)
    entries = [one for one in judged if not one.reduces]
    halts = halts_of(changes, OPERATOR)
    return BacktestResult(
        portfolio=portfolio,
        analyst=analyst,
        approver=approver,
        blind=blind,
        first=sessions[0],
        last=sessions[-1],
        curve=curve_of(fills, history.flows(portfolio), mandate, prices, [before, *sessions]),
        entries=tally(entries),
        exits=tally([one for one in judged if one.reduces]),
        by_rule=rule_tallies(entries, rules),
        judged=judged,
        fills=fills,
        commission=float(sum(fill.commission for fill in fills)),
        halts=halts,
        resumes=sum(halt.scripted for halt in halts),
        ledger_digest=history.fact_digest(portfolio),
    )


def curve_of(
    fills: Sequence[Fill], flows: Sequence[Flow], mandate: Mandate, prices: Prices, closes: Sequence[date]
) -> Curve:
    """Carry cash and holdings from close to close, beginning before the first fill."""
    by_session: defaultdict[date, list[Fill]] = defaultdict(list)
    for fill in fills:
        by_session[fill.session].append(fill)
    sectors = {symbol: member.sector for symbol, member in mandate.universe.items()}
    cash, units = _paid_in(flows, closes[0], first=True)
    held: dict[str, float] = {}
    rows = []
    for number, day in enumerate(closes):
        if number:
            paid, bought = _paid_in(flows, day, first=False)
            cash, units = cash + paid, units + bought
        moved = [_signed(fill) for fill in by_session[day]]
        for fill in by_session[day]:
            cash += _book(held, fill)
        worth = {symbol: quantity * _close(prices, day, symbol) for symbol, quantity in sorted(held.items())}
        equity = cash + sum(worth.values())
        weights = {symbol: value / equity for symbol, value in worth.items()} if equity > 0.0 else {}
        rows.append((equity, equity / units, cash / equity if equity > 0.0 else 0.0, weights, _one_way(moved, equity)))
    return Curve(
        closes=tuple(closes),
        equity=tuple(row[0] for row in rows),
        unit_value=tuple(row[1] for row in rows),
        cash=tuple(row[2] for row in rows),
        weights=tuple(row[3] for row in rows),
        sectors=tuple(by_sector(row[3], sectors) for row in rows),
        turnover=tuple(row[4] for row in rows),
    )


def _paid_in(flows: Sequence[Flow], day: date, *, first: bool) -> tuple[float, float]:
    """Add up the money and units of a session; the opening deposit belongs to the close before the first one."""
    moved = [
        flow
        for flow in flows
        if flow.kind is not FlowKind.RESET and (flow.number == 1 if first else flow.session == day)
    ]
    later = [flow for flow in moved if first or flow.number != 1]
    return float(sum(flow.amount for flow in later)), float(sum(flow.units for flow in later))


def _signed(fill: Fill) -> float:
    """Dollars that a fill moved into its symbol."""
    notional = float(fill.quantity * fill.price)
    return notional if fill.side is Side.BUY else -notional


def _one_way(moved: Sequence[float], equity: float) -> float:
    return (sum(map(abs, moved)) + abs(sum(moved))) / 2.0 / equity if equity > 0.0 else 0.0


def _book(held: dict[str, float], fill: Fill) -> float:
    """Move a fill's units; return what it does to cash, in dollars."""
    left = held.get(fill.symbol, 0.0) + math.copysign(float(fill.quantity), _signed(fill))
    held[fill.symbol] = left
    if abs(left) < 1e-9:  # noqa: PLR2004 - rounding noise of whole shares
        del held[fill.symbol]
    return -_signed(fill) - float(fill.commission)


def _close(prices: Prices, day: date, symbol: str) -> float:
    close = prices.close(day, symbol)
    if close is None:
        raise NoData(f"{symbol} was held on {day} and has no close", "use the feed that the replay ran on")
    return close
