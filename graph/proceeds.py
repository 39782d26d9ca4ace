"""Entries that need what the exits of their batch bring: judged once that is in the book, 60 s at most.

No sale that is not filled is ever credited. A verdict reserves room for as long as its proposal lives, also in the
books of other batches and of approvals that are judged meanwhile; with credit for an exit that then is refused, cut or
filled lower, cash would fall below `cash_buffer` in the worst case, which every later verdict and the independent
bookkeeper of the tests reckon with. So it is the judging that waits: exits of a batch are judged by its first arrival;
entries, all of them and jointly, with them, or, where what those exits bring would let one of them do more, once
the exits have been filled or have come to nothing. Then, as after 60 s, only the cash that is there counts: what is not
covered is cut or refused by the same rules, unsent, and has reserved nothing in between.

In replay, where time stands still, exits are driven first and filled at once; an exit that still rests is not awaited.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from domain.judgement import Judgement
from domain.market import MarketSnapshot
from domain.ports import Clock
from domain.records import ProposalRecord, ProposalStatus
from domain.storage import LockedBook
from domain.trade import Side, Trade
from domain.verdict import RiskVerdict
from graph.waiting import allows_more

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graph.gate import Judge  # the gate uses this file

PATIENCE = timedelta(seconds=60)
"""How long the judging of entries waits for exits of the same batch, from the verdict on those on."""
NET = 0.99
"""What is left of a sale after collar and costs, at the least, as a share of its price when judged."""
NOT_DRIVEN = frozenset({ProposalStatus.JUDGED, ProposalStatus.APPROVED})


def awaited(locked: LockedBook, batch: Iterable[ProposalRecord], clock: Clock) -> dict[str, float]:
    """Map the accepted exits of a batch that are worth waiting for to what they will bring at the least, in dollars."""
    found = {}
    for record in batch:
        trade, verdict = record.trade, record.verdict
        if trade is None or verdict is None or not verdict.decision.goes_on or not _brings(trade):
            continue
        judged_at = locked.judged_at(record.id)
        in_time = clock.replay or (judged_at is not None and clock.now() - judged_at < PATIENCE)
        moving = record.status in NOT_DRIVEN or (record.status is ProposalStatus.EXECUTING and not clock.replay)
        if moving and in_time:
            found[record.id] = max(record.quantity - record.filled_quantity, 0.0) * trade.price * NET
    return found


def accepted(trades: Sequence[Trade], verdicts: "Mapping[str, RiskVerdict]") -> dict[str, float]:
    """Map the exits that a judgement lets through to what they will bring at the least, in dollars."""
    return {
        trade.proposal_id: verdict.quantity * trade.price * NET
        for trade in trades
        if _brings(trade) and (verdict := verdicts[trade.proposal_id]).decision.goes_on
    }


def need_it(
    engine: "Judge",
    judgement: Judgement,
    market: MarketSnapshot,
    verdicts: "Mapping[str, RiskVerdict]",
    dollars: float,
) -> bool:
    """Whether an entry of a judgement would be allowed more, had the book so many dollars of cash more."""
    entries = [trade.proposal_id for trade in judgement.trades if not trade.reduces]
    if not entries or not dollars > 0.0:
        return False
    book = judgement.book.model_copy(update={"cash": judgement.book.cash + dollars})
    richer = engine.judge(judgement.trades, book, market, judgement.phase)
    return any(allows_more(richer[name], verdicts[name]) for name in entries)


def _brings(trade: Trade) -> bool:
    return trade.reduces and trade.side is Side.SELL
