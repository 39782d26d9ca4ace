"""What a proposal and the thesis behind it state and the data don't have."""

from domain.grounding import ungrounded_reason
from domain.proposal import TradeProposal
from domain.research import Desk, Thesis
from domain.scan import Scan


def stated_without_ground(proposal: TradeProposal, thesis: Thesis | None, scan: Scan, desk: Desk) -> tuple[str, ...]:
    """List it once each: first the thesis's, then the reason's and the evidence's own."""
    stated = (*(thesis.ungrounded if thesis else ()), *ungrounded_reason(proposal, thesis, scan, desk))
    return tuple(dict.fromkeys(stated))
