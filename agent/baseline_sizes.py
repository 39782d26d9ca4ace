"""How much the baseline buys: the room shared out, strongest signal first, and less where its own record is bad."""

import math
from collections.abc import Iterable

from domain.research import Desk, HeldPosition, Thesis
from domain.scan import Scan, Signal

CALM_VOLATILITY = 0.25
"""Up to this much a year a position has its full target; above it shrinks in proportion."""
OWN_SHARE, OWN_GAIN = ".own_record_share", ".own_record_gain"
"""Facts of how earlier decisions in the same situation ended."""
COIN_TOSS = 0.5
WILD_VOLATILITY = 0.60
"""From this much a year on the baseline calls an idea high risk."""
FEW = 2
"""So many of the strongest are bought even where the record is worse than a coin toss, or prices are wild."""
SMALLEST_TRUST = 0.25
"""What is left of a size where none of many decisions like it ended higher."""


def sizes(scan: Scan, desk: Desk, theses: Iterable[Thesis]) -> dict[str, float]:
    """Share the room among what is to be bought, the strongest signal first: by symbol, fractions of equity."""
    room = max(0.0, min(desk.room.cash, desk.room.gross))
    sectors = dict(desk.room.per_sector)
    ranked = [(signal, thesis) for thesis in theses if (signal := scan.signal_of(thesis.symbol))]
    shares: dict[str, float] = {}
    for signal, thesis in sorted(ranked, key=lambda pair: (pair[0].rank, pair[0].symbol)):
        symbol, held = thesis.symbol, held_position(desk, thesis.symbol)
        if (
            thesis.stance != "bullish"
            or doubt(thesis, signal)
            or symbol in desk.waiting
            or (held and held.weight >= _target(scan, desk, signal) / 2)
        ):
            continue
        weight = held.weight if held else 0.0
        sector = desk.sectors.get(symbol, "")
        wanted = _target(scan, desk, signal) - weight
        size = min(wanted, room, desk.room.per_position - weight, sectors.get(sector, room))
        shares[symbol] = _floor(max(0.0, size))
        if shares[symbol] < desk.min_order_pct:
            continue
        room -= shares[symbol]
        if sector in sectors:
            sectors[sector] -= shares[symbol]
    return shares


def doubt(thesis: Thesis, signal: Signal) -> str:
    """Say what speaks against buying all but the strongest few: a record worse than a coin toss, or wild prices.

    A person would have to be asked about either; without this a bear market of two years, or a month of panic, puts
    weak ideas to them almost every day. Empty where nothing does.
    """
    if signal.rank <= FEW:
        return ""
    if thesis.confidence < COIN_TOSS:
        return f"{thesis.confidence:.0%} of like cases rose: below a coin toss only the {FEW} strongest are bought"
    if signal.volatility >= WILD_VOLATILITY:
        return f"volatility {signal.volatility:.0%} a year: of what is so wild only the {FEW} strongest are bought"
    return ""


def _target(scan: Scan, desk: Desk, signal: Signal) -> float:
    scale = min(1.0, CALM_VOLATILITY / signal.volatility) if signal.volatility else 1.0
    return desk.target_position_pct * scale * _trust(scan, signal.symbol)


def _trust(scan: Scan, symbol: str) -> float:
    """Shrink a size where decisions like it have lost: twice the share that ended higher, a quarter at least."""
    own = {fact.id: fact.value for fact in scan.facts_of(symbol)}
    gain, share = own.get(symbol + OWN_GAIN), own.get(symbol + OWN_SHARE)
    if gain is None or share is None or gain >= 0.0:
        return 1.0
    return min(1.0, max(SMALLEST_TRUST, 2.0 * share))


def held_position(desk: Desk, symbol: str) -> HeldPosition | None:
    """Find what is held of a symbol; None where nothing is."""
    return next((position for position in desk.positions if position.symbol == symbol and position.weight), None)


def _floor(fraction: float) -> float:
    return math.floor(fraction * 10_000 + 1e-6) / 10_000
