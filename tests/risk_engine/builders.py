"""A book, a market and a trade that pass everything, to be changed one thing at a time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from domain.book import Book, Position, Reservation, TradeToday, WorkingOrder
from domain.mandate import Instrument, Mandate
from domain.market import EventCalendar, Execution, MarketSnapshot, Quote, SymbolHistory
from domain.proposal import Action, Origin, TradeProposal
from domain.scan import Fact
from domain.trade import ExitPlan, Side, Trade
from domain.verdict import Outcome, Phase, RiskVerdict, RuleResult
from risk_engine.engine import Engine
from risk_engine.policy import Policy, load_policy

POLICY = (Path(__file__).parents[2] / "risk_engine" / "policy.toml").read_text()
SESSION = date(2024, 1, 8)
OPENS = datetime(2024, 1, 8, 14, 30, tzinfo=UTC)
CLOSES = datetime(2024, 1, 8, 21, 0, tzinfo=UTC)
NOON = datetime(2024, 1, 8, 17, 0, tzinfo=UTC)
SECTORS = {
    "AAPL": "technology",
    "MSFT": "technology",
    "NVDA": "technology",
    "XOM": "energy",
    "CVX": "energy",
    "JNJ": "health care",
    "KO": "consumer staples",
    "JPM": "financials",
}


def sessions_before(day: date, count: int) -> tuple[date, ...]:
    """The `count` weekdays before `day`, oldest first."""
    found: list[date] = []
    while len(found) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            found.append(day)
    return tuple(reversed(found))


def walk(seed: int, count: int, *, daily: float = 0.01, last: float = 100.0) -> tuple[float, ...]:
    """Closes of a random walk with a daily standard deviation, ending at `last`; another seed does not correlate."""
    steps = np.random.default_rng(seed).normal(0.0, daily, count - 1)
    path = np.concatenate([[0.0], np.cumsum(steps)])
    return tuple(float(close) for close in last * np.exp(path - path[-1]))


def a_mandate(**changes: Any) -> Mandate:
    """Eight stocks and the fund SPY."""
    universe = {symbol: Instrument(name=symbol, sector=sector) for symbol, sector in SECTORS.items()}
    universe["SPY"] = Instrument(name="SPY", sector="funds", kind="etf")
    values: dict[str, Any] = {
        "name": "test",
        "start": date(2024, 1, 2),
        "starting_cash": 100_000.0,
        "style": "trend",
        "universe": universe,
    }
    return Mandate(**{**values, **changes})


def a_market(
    *, continuous: bool = False, symbols: Mapping[str, float] | None = None, days: int = 253, **changes: Any
) -> MarketSnapshot:
    """Recorded closes of 253 sessions, all at 100 dollars; `continuous` adds quotes, volumes and a calendar."""
    prices = dict.fromkeys((*SECTORS, "SPY"), 100.0) if symbols is None else symbols
    as_of = NOON if continuous else OPENS
    history = {}
    for seed, (symbol, price) in enumerate(prices.items()):
        known: dict[str, Any] = {}
        if continuous:
            known = {
                "volumes": (1_000_000.0,) * days,
                "raw_close": price,
                "active": True,
                "quote": Quote(bid=price * 0.9999, ask=price * 1.0001, at=as_of - timedelta(seconds=2)),
            }
        history[symbol] = SymbolHistory(symbol=symbol, closes=walk(seed, days, last=price), **known)
    values: dict[str, Any] = {
        "feed": "alpaca" if continuous else "recorded",
        "simulated": not continuous,
        "execution": Execution.CONTINUOUS if continuous else Execution.CLOSE,
        "as_of": as_of,
        "session": SESSION,
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "sessions": sessions_before(SESSION, days),
        "history": history,
    }
    if continuous:
        covers = ("fomc", "cpi", "jobs", "earnings")
        values |= {"calendar": EventCalendar(fetched_at=as_of, covers=covers), "broker_clock": as_of}
    return MarketSnapshot(**{**values, **changes})


def with_bars(market: MarketSnapshot, symbol: str, **changes: Any) -> MarketSnapshot:
    """The same market, with something else known of one symbol."""
    history = {**market.history, symbol: market.history[symbol].model_copy(update=changes)}
    return MarketSnapshot(**{**{name: getattr(market, name) for name in type(market).model_fields}, "history": history})


def a_book(holdings: Mapping[str, float] | None = None, *, price: float = 100.0, **changes: Any) -> Book:
    """A book of 100,000 dollars, what `holdings` (units at `price`) leave of it in cash."""
    held = holdings or {}
    values: dict[str, Any] = {
        "portfolio": "test",
        "session": SESSION,
        "cash": 100_000.0 - price * sum(held.values()),
        "equity": 100_000.0,
        "positions": {s: Position(symbol=s, quantity=units, average_price=price) for s, units in held.items()},
        "account_age_seconds": 1.0,
    }
    return Book(**{**values, **changes})


def a_proposal(symbol: str = "AAPL", action: str = "BUY", **changes: Any) -> TradeProposal:
    """A confident, modest proposal."""
    values: dict[str, Any] = {
        "symbol": symbol,
        "action": Action(action),
        "position_size_pct": 0.02,
        "reason": "it rises",
        "confidence": 0.8,
        "risk_level": "medium",
        "expected_upside_pct": 6.0,
        "worst_case_loss_pct": 3.0,
        "time_horizon_days": 14,
        "evidence": ("f1", "f2"),
    }
    return TradeProposal(**{**values, **changes})


def facts(count: int = 2, session: date | None = None) -> tuple[Fact, ...]:
    """Distinct facts of the previous session."""
    day = session or sessions_before(SESSION, 1)[-1]
    return tuple(Fact(id=f"f{n}", text="a fact", value=1.0, session=day) for n in range(1, count + 1))


def a_trade(symbol: str = "AAPL", quantity: float = 20.0, *, side: str = "BUY", **changes: Any) -> Trade:
    """Buy 20 AAPL at 100 dollars, stop 3 % away: 2 % of equity and every rule content.

    `words` changes the proposal; `reduces=True` makes an exit without a plan.
    """
    words = changes.pop("words", {})
    price = changes.get("price", 100.0)
    reduces = changes.get("reduces", False)
    plan = ExitPlan(stop_price=price * 0.97, stop_distance=0.03, horizon=SESSION + timedelta(days=14))
    values: dict[str, Any] = {
        "proposal_id": f"{symbol}-{side}-{quantity:g}",
        "proposal": a_proposal(symbol, side, **words),
        "origin": Origin.MODEL,
        "side": Side(side),
        "asked_quantity": quantity,
        "quantity": quantity,
        "price": price,
        "plan": None if reduces else plan,
        "cited": facts(),
    }
    return Trade(**{**values, **changes})


def an_exit(symbol: str = "AAPL", quantity: float = 20.0, **changes: Any) -> Trade:
    """Sell what is held."""
    return a_trade(symbol, quantity, side="SELL", reduces=True, **changes)


def an_order(symbol: str = "AAPL", side: str = "BUY", quantity: float = 10.0, **changes: Any) -> WorkingOrder:
    """An open order at 100 dollars."""
    values: dict[str, Any] = {"client_order_id": f"o-{symbol}", "proposal_id": "other", "price": 100.0}
    return WorkingOrder(symbol=symbol, side=Side(side), quantity=quantity, **{**values, **changes})


def a_reservation(symbol: str = "AAPL", side: str = "BUY", quantity: float = 10.0, **changes: Any) -> Reservation:
    """Room that another proposal has taken, at 100 dollars."""
    values: dict[str, Any] = {"proposal_id": "other", "price": 100.0}
    return Reservation(symbol=symbol, side=Side(side), quantity=quantity, **{**values, **changes})


def traded(symbol: str = "AAPL", notional: float = 1000.0, *, side: str = "BUY", number: int = 0) -> TradeToday:
    """An entry of this session."""
    return TradeToday(proposal_id=f"t{number}", symbol=symbol, side=Side(side), notional=notional, entry=True)


def a_policy(
    *, recorded: bool = True, text: str = POLICY, off: tuple[str, ...] = (), **limits: Mapping[str, Any]
) -> Policy:
    """The desk's own policy, tightened by `limits`; rules in `off` are disabled."""
    for rule in off:
        text = text.replace(f"[rules.{rule}]", f"[rules.{rule}]\nenabled = false", 1)
    return load_policy(text, "policy.toml", recorded=recorded, tighten=limits)


def an_engine(policy: Policy | None = None, mandate: Mandate | None = None) -> Engine:
    """The engine with the desk's own policy."""
    return Engine(policy or a_policy(), mandate or a_mandate(), "test")


def judged(
    trade: Trade,
    book: Book | None = None,
    market: MarketSnapshot | None = None,
    *,
    engine: Engine | None = None,
) -> RiskVerdict:
    """Judge one trade on a fixed book."""
    return (engine or an_engine()).evaluate(trade, book or a_book(), market or a_market(), Phase.FIRST)


def said(rule: str, verdict: RiskVerdict) -> RuleResult:
    """What one rule said in a verdict."""
    return next(result for result in verdict.results if result.rule == rule)


def checked(
    rule: str,
    trade: Trade,
    book: Book | None = None,
    market: MarketSnapshot | None = None,
    *,
    mandate: Mandate | None = None,
    policy: Policy | None = None,
) -> RuleResult:
    """Ask one rule alone about a trade at the quantity it has, without resizing; exceptions come through."""
    engine = an_engine(policy, mandate)
    book, market = book or a_book(), market or a_market()
    situation = engine._situation(book, market, engine._figures(book, market, (trade,)))
    return engine._enabled[rule].check(trade, situation)


PASSES = {Outcome.PASS, Outcome.ALERT, Outcome.NOTE, Outcome.NOT_APPLICABLE, Outcome.DISABLED}
