"""A realistic scan of twenty symbols, with facts as the scan words them, and a desk."""

from datetime import date

from domain.research import Desk, HeldPosition, Room
from domain.scan import Fact, Regime, Scan, Signal, Style

SESSION = date(2017, 5, 26)
LAST = date(2017, 5, 25)
SECTORS = {
    "AAPL": "technology", "AMD": "technology", "MSFT": "technology", "BAC": "financials", "JPM": "financials",
    "BBY": "consumer discretionary", "HD": "consumer discretionary", "CVX": "energy", "RRC": "energy",
    "XOM": "energy", "GE": "industrials", "JNJ": "health care", "LLY": "health care", "MRK": "health care",
    "PFE": "health care", "UNH": "health care", "KO": "consumer staples", "PEP": "consumer staples",
    "PG": "consumer staples", "WMT": "consumer staples",
}  # fmt: skip
SHORTLIST = ("AAPL", "HD", "UNH", "KO", "GE")
STRONGEST_FIRST = ("AAPL", "HD", "UNH", "KO", *(name for name in SECTORS if name not in SHORTLIST), "GE")


def fact(fact_id: str, text: str, value: float) -> Fact:
    return Fact(id=fact_id, text=text, value=value, session=LAST)


def facts_about(symbol: str, score: float) -> tuple[Fact, ...]:
    sign = 1 if score > 0 else -1
    return (
        fact(f"{symbol}.rank", f"rank 3 of 20 by trend, z-score {score:+.2f}", 3),
        fact(f"{symbol}.volatility_20", "volatility 22.0 % a year (EWMA, span 20)", 0.22),
        fact(
            f"{symbol}.hit_rate",
            "55.0 % of 3,120 past cases in this score bucket ended higher after 63 sessions, net of 0.2 % cost",
            0.55,
        ),
        fact(f"{symbol}.momentum_12_1", f"12-1 momentum {sign * 21.0:+.1f} %, rank 3 of 20", sign * 0.21),
        fact(f"{symbol}.return_5", "5-session return +1.2 %", 0.012),
        fact(f"{symbol}.return_21", f"21-session return {sign * 4.2:+.1f} %", sign * 0.042),
        fact(f"{symbol}.drawdown_252", "against its 252-session high -3.1 %", -0.031),
        fact(f"{symbol}.last_close", "last close 153.87 dollars", 153.87),
    )


def signal(symbol: str, score: float, rank: int, **changes: object) -> Signal:
    fields = {
        "symbol": symbol, "strategy": "trend", "score": score, "rank": rank, "hit_rate": 0.55, "cases": 312,
        "horizon_sessions": 63, "volatility": 0.22, "mean_abs_move": 0.009,
    }  # fmt: skip
    return Signal.model_validate(fields | changes)


MARKET = (
    fact("MARKET.volatility_20", "equal-weight market volatility 9.8 % a year (EWMA, span 20)", 0.098),
    fact("MARKET.mean_correlation_60", "mean correlation 0.21 among 20 names in 60 sessions, regime calm", 0.21),
    fact("MARKET.return_21", "equal-weight market 21-session return +1.4 %", 0.014),
    fact("MARKET.breadth_200", "70 % of 20 names above their 200-session mean", 0.7),
    fact("MARKET.drawdown_252", "equal-weight market against its 252-session high -0.4 %", -0.004),
    fact("MARKET.vix", "VIX 10.0 points (real)", 10.0),
)


def build_scan(**scores: float) -> Scan:
    """Twenty symbols with scores falling from +1.9; `scores` replace single ones."""
    by_symbol = {name: scores.get(name, round(1.9 - 0.2 * place, 2)) for place, name in enumerate(STRONGEST_FIRST)}
    ranked = sorted(by_symbol, key=lambda name: -by_symbol[name])
    return Scan(
        snapshot_digest="d" * 64,
        session=SESSION,
        style=Style.TREND,
        regime=Regime.CALM,
        signals=tuple(signal(name, by_symbol[name], rank) for rank, name in enumerate(ranked, start=1)),
        facts=(*MARKET, *(item for name in SECTORS for item in facts_about(name, by_symbol[name]))),
        shortlist=SHORTLIST,
        reviews=("GE",),
    )


def held(symbol: str, weight: float) -> HeldPosition:
    return HeldPosition(symbol=symbol, quantity=100.0, weight=weight, gain=0.02, held_sessions=12)


def build_desk(
    *positions: HeldPosition, cash: float = 0.9, waiting: tuple[str, ...] = (), technology: float = 0.25
) -> Desk:
    per_sector = dict.fromkeys(SECTORS.values(), 0.25) | {"technology": technology}
    return Desk(
        portfolio="demo",
        equity=100_000.0,
        cash=95_000.0,
        positions=positions,
        waiting=waiting,
        room=Room(cash=cash, gross=1.0, per_position=0.08, per_sector=per_sector),
        target_position_pct=0.06,
        min_order_pct=0.001,
        names={name: f"{name} Incorporated" for name in SECTORS},
        sectors=SECTORS,
    )
