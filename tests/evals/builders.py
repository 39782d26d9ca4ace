"""Histories built by hand or by a seed, with a known amount of what is looked for."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from domain.episodes import Episode, Judged, Span, TradeOutcome
from domain.orders import BookedFill
from domain.proposal import Origin
from domain.trade import Side
from evals.history import History

START = date(2020, 1, 1)
AT = datetime(2020, 1, 1, 15, tzinfo=UTC)


def day(number: int) -> date:
    return START + timedelta(days=number)


def walk(rng, sessions: int = 400, symbols: int = 10, volatility: float = 0.02) -> np.ndarray:
    """Random walks from 100 dollars, (sessions, symbols)."""
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, volatility, (sessions, symbols)), axis=0))


def names(count: int) -> tuple[str, ...]:
    return tuple(f"S{number}" for number in range(count))


def a_panel(closes: np.ndarray, **fields) -> History:
    symbols = names(closes.shape[1])
    sessions = tuple(day(number) for number in range(len(closes)))
    return History(sessions=sessions, symbols=symbols, closes=closes, **fields)


def an_episode(name: str, session: date = START, symbol: str = "S0", **fields) -> Episode:
    given = {
        "id": name,
        "proposal_id": name,
        "portfolio": "demo",
        "symbol": symbol,
        "session": session,
        "origin": Origin.MODEL,
        "side": Side.BUY,
        "decision": "execute",
        "status": "done",
        "confidence": 0.6,
        "expected_upside_pct": 5.0,
        "price": 100.0,
        "stop_distance": 0.05,
        "opened_at": AT,
    }
    return Episode.model_validate(given | fields)


def an_outcome(episode: Episode, gain: float, *, excess: float | None = None, traded: bool = True, **fields):
    given = {
        "episode_id": episode.id,
        "portfolio": episode.portfolio,
        "symbol": episode.symbol,
        "span": Span.HORIZON,
        "decided": episode.session,
        "until": episode.session + timedelta(days=20),
        "sessions": 20,
        "traded": traded,
        "entry_price": 100.0,
        "exit_price": 100.0 * (1 + gain),
        "gain": gain,
        "excess": gain if excess is None else excess,
        "best": max(gain, 0.0),
        "worst": min(gain, 0.0),
        "ruled_gain": gain,
        "ruled_until": episode.session + timedelta(days=20),
    }
    return TradeOutcome.model_validate(given | fields)


def judged(name: str, gain: float, *, outcome=None, **fields) -> Judged:
    episode = an_episode(name, **fields)
    return Judged(episode=episode, outcomes=(an_outcome(episode, gain, **(outcome or {})),))


def a_fill(
    number: int,
    symbol: str,
    side: str,
    price: float,
    session: date,
    quantity: float = 10.0,
    proposal_id="",
    commission=0.0,
) -> BookedFill:
    return BookedFill(
        execution_id=f"x{number}",
        client_order_id=f"o{number}",
        proposal_id=proposal_id or f"p{number}",
        symbol=symbol,
        side=Side(side),
        quantity=Decimal(str(quantity)),
        price=Decimal(str(round(price, 6))),
        commission=Decimal(str(commission)),
        at=datetime(session.year, session.month, session.day, 20, tzinfo=UTC),
        session=session,
    )
