"""Who is in the way: proposals that wait, and whose room made a verdict stricter or smaller than it would have been."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from domain.book import Book
from domain.judgement import Judgement
from domain.market import MarketSnapshot
from domain.verdict import Decision, RiskVerdict

if TYPE_CHECKING:
    from graph.gate import Judge  # the gate uses this file

ONE_BY_ONE = 3
"""Up to so many proposals in the way are told apart; more are named together."""
STRICTNESS = (Decision.EXECUTE, Decision.RESIZE, Decision.APPROVAL, Decision.REJECT, Decision.HALT, Decision.NONE)


def waits_behind(
    engine: "Judge", judgement: Judgement, market: MarketSnapshot, verdicts: Mapping[str, RiskVerdict]
) -> dict[str, tuple[str, ...]]:
    """Name, by proposal id, the reservations of others without which a verdict would have allowed more."""
    others = sorted({room.proposal_id for room in judgement.book.reservations})
    lesser = {name: verdict for name, verdict in verdicts.items() if verdict.decision is not Decision.EXECUTE}
    if not others or not lesser:
        return {}
    freed = _freed(engine, judgement, market, lesser, others)
    if not freed or len(others) > ONE_BY_ONE:
        return dict.fromkeys(freed, tuple(others))
    behind: dict[str, tuple[str, ...]] = dict.fromkeys(freed, ())
    for other in others:
        for name in _freed(engine, judgement, market, lesser, [other]) & behind.keys():
            behind[name] += (other,)
    return {name: found or tuple(others) for name, found in behind.items()}


def _freed(
    engine: "Judge",
    judgement: Judgement,
    market: MarketSnapshot,
    verdicts: Mapping[str, RiskVerdict],
    others: Collection[str],
) -> set[str]:
    book = _without(judgement.book, others)
    again = engine.judge(judgement.trades, book, market, judgement.phase)
    return {name for name, verdict in verdicts.items() if allows_more(again[name], verdict)}


def allows_more(without: RiskVerdict, verdict: RiskVerdict) -> bool:
    """Whether the first verdict is milder than the second, or for a larger quantity."""
    milder = STRICTNESS.index(without.decision) < STRICTNESS.index(verdict.decision)
    return milder or without.quantity > verdict.quantity


def _without(book: Book, others: Collection[str]) -> Book:
    return book.model_copy(
        update={
            "reservations": tuple(room for room in book.reservations if room.proposal_id not in others),
            "trades_today": tuple(trade for trade in book.trades_today if trade.proposal_id not in others),
        }
    )
