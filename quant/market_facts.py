"""What an argument about the whole market may cite."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from domain.market import MacroReading, MarketSnapshot, Provenance
from domain.scan import Fact
from quant.arrays import SESSIONS_A_YEAR
from quant.drawdown import current_drawdown
from quant.facts import MONTH, Numbers, fact
from quant.panel import Panel
from quant.regime import WINDOW, RegimeReading
from quant.rounding import percent, rounded

BREADTH: Final = 200


def market_facts(panel: Panel, reading: RegimeReading, snapshot: MarketSnapshot) -> tuple[Fact, ...]:
    """List the facts of the equal-weight market of the panel and, where the snapshot has one, the VIX in points.

    A measure that the history is too short for is absent. A VIX of unknown origin counts as simulated.
    """
    facts = [fact(panel, f"MARKET.{measure}", value, text) for measure, value, text in _numbers(panel, reading)]
    if snapshot.vix is not None:
        provenance = snapshot.vix_provenance or Provenance.SIMULATED
        text = f"VIX {snapshot.vix:.1f} points ({provenance.value})"
        facts.append(fact(panel, "MARKET.vix", snapshot.vix, text, provenance))
    return (*facts, *(_published(reading) for reading in snapshot.macro))


def _published(reading: MacroReading) -> Fact:
    """A macro series as a fact of the day it was known: what came out weeks ago is no fresh evidence."""
    known = reading.known_at.date()
    period = f"of the period from {reading.reference}, known since {known}"
    return Fact(
        id=f"MARKET.{reading.series.lower()}",
        text=f"{reading.name} {reading.value:,.2f} {reading.unit} {period} ({reading.provenance.value})",
        value=rounded(reading.value),
        session=known,
        provenance=reading.provenance,
    )


def _numbers(panel: Panel, reading: RegimeReading) -> Iterator[Numbers]:
    closes, count, names = panel.closes, len(panel.closes), len(panel.symbols)
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + panel.market)))
    year = f"{100.0 * reading.volatility:.1f} %"
    yield "volatility_20", reading.volatility, f"equal-weight market volatility {year} a year (EWMA, span 20)"
    if reading.mean_correlation is not None:
        text = f"mean correlation {reading.mean_correlation:.2f} among {names} names in {WINDOW} sessions"
        yield f"mean_correlation_{WINDOW}", reading.mean_correlation, f"{text}, regime {reading.regime.value}"
    if count > MONTH:
        gain = float(wealth[-1] / wealth[-1 - MONTH] - 1.0)
        yield f"return_{MONTH}", gain, f"equal-weight market {MONTH}-session return {percent(gain)}"
    if count >= BREADTH:
        above = float((closes[-1] > closes[-BREADTH:].mean(axis=0)).mean())
        yield f"breadth_{BREADTH}", above, f"{100.0 * above:.0f} % of {names} names above their {BREADTH}-session mean"
    if count >= SESSIONS_A_YEAR:
        fall = float(current_drawdown(wealth[-SESSIONS_A_YEAR:]))
        text = f"equal-weight market against its {SESSIONS_A_YEAR}-session high {percent(fall)}"
        yield f"drawdown_{SESSIONS_A_YEAR}", fall, text
