"""What an argument about a symbol may cite: numbers, each with one readable sentence."""

from collections.abc import Iterator, Sequence
from typing import Final

from domain.market import Provenance
from domain.scan import Fact, Signal
from quant.arrays import SESSIONS_A_YEAR, Floats
from quant.cross_section import ranks
from quant.drawdown import current_drawdown
from quant.hit_rate import ROUND_TRIP_COST
from quant.panel import Panel
from quant.rounding import percent, rounded
from quant.strategies import STRATEGIES

WEEK: Final = 5
MONTH: Final = 21

Numbers = tuple[str, float, str]


def symbol_facts(panel: Panel, signals: Sequence[Signal]) -> tuple[Fact, ...]:
    """List the facts of every symbol, alphabetically; a measure that the history is too short for is absent."""
    from_closes = _from_closes(panel)
    of = {signal.symbol: signal for signal in signals}
    facts: list[Fact] = []
    for column, symbol in enumerate(panel.symbols):
        numbers = [*_from_signal(of[symbol], len(signals)), *(rows[column] for rows in from_closes)]
        facts += [fact(panel, f"{symbol}.{measure}", value, text) for measure, value, text in numbers]
        close = float(panel.closes[-1, column])
        text = f"last close {close:,.2f} dollars"
        facts.append(fact(panel, f"{symbol}.last_close", close, text, panel.provenance[column]))
    return tuple(facts)


def fact(panel: Panel, name: str, value: float, text: str, provenance: Provenance = Provenance.DERIVED) -> Fact:
    """Make a fact of the panel's last session."""
    return Fact(id=name, text=text, value=rounded(value), session=panel.session, provenance=provenance)


def _from_signal(signal: Signal, symbols: int) -> Iterator[Numbers]:
    strategy = signal.strategy.replace("_", " ")
    yield "rank", signal.rank, f"rank {signal.rank} of {symbols} by {strategy}, z-score {signal.score:+.2f}"
    year = f"{100.0 * signal.volatility:.1f} %"
    yield "volatility_20", signal.volatility, f"volatility {year} a year (EWMA, span 20)"
    if signal.hit_rate is not None:
        share = f"{100.0 * signal.hit_rate:.1f} % of {signal.cases:,} past cases"
        ending = f"ended higher after {signal.horizon_sessions} sessions, net of {100.0 * ROUND_TRIP_COST:.1f} % cost"
        yield "hit_rate", signal.hit_rate, f"{share} in this score bucket {ending}"


def _from_closes(panel: Panel) -> list[list[Numbers]]:
    closes, count = panel.closes, len(panel.closes)
    rows: list[list[Numbers]] = []
    trend = STRATEGIES["trend"]()
    if count >= trend.lookback:
        momentum = trend.scores(closes[-trend.lookback :])[-1]
        places = [f", rank {place} of {len(momentum)}" for place in ranks(momentum)]
        rows.append(_row("momentum_12_1", momentum, "12-1 momentum", places))
    rows += [
        _row(f"return_{sessions}", closes[-1] / closes[-1 - sessions] - 1.0, f"{sessions}-session return")
        for sessions in (WEEK, MONTH)
        if count > sessions
    ]
    if count >= SESSIONS_A_YEAR:
        fall = current_drawdown(closes[-SESSIONS_A_YEAR:])
        rows.append(_row(f"drawdown_{SESSIONS_A_YEAR}", fall, f"against its {SESSIONS_A_YEAR}-session high"))
    return rows


def _row(measure: str, values: Floats, text: str, endings: Sequence[str] = ()) -> list[Numbers]:
    after = endings or [""] * len(values)
    return [(measure, float(v), f"{text} {percent(v)}{end}") for v, end in zip(values, after, strict=True)]
