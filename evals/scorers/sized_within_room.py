"""Does it stay within the room it was shown?"""

from domain.proposal import Action
from evals.examination import Paper
from evals.scorers import SCORERS

NOISE = 1e-6


@SCORERS.register
def sized_within_room(paper: Paper) -> float | None:
    """1 where all purchases together fit cash, gross, position and sector room, and no sale exceeds what is held."""
    room, held = paper.desk.room, {position.symbol: position.weight for position in paper.desk.positions}
    buys = {p.symbol: p.position_size_pct for p in paper.proposals if p.action is Action.BUY}
    sales = {p.symbol: p.position_size_pct for p in paper.proposals if p.action is Action.SELL}
    if not buys and not sales:
        return None
    sectors: dict[str, float] = {}
    for symbol, share in buys.items():
        name = paper.desk.sectors.get(symbol, "")
        sectors[name] = sectors.get(name, 0.0) + share
    fits = [
        sum(buys.values()) <= min(room.cash, room.gross) + NOISE,
        all(share + held.get(symbol, 0.0) <= room.per_position + NOISE for symbol, share in buys.items()),
        all(share <= room.per_sector.get(name, room.gross) + NOISE for name, share in sectors.items()),
        all(share <= held.get(symbol, 0.0) + NOISE for symbol, share in sales.items()),
    ]
    return float(all(fits))
