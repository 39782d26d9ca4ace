"""The same idea twice in one session."""

from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class DuplicateProposal(Rule):
    """Refuse an identical proposal, and ask about a second one for the same symbol and side."""

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look through the session's other proposals, however they ended."""
        similar = [
            earlier
            for earlier in situation.book.recent
            if earlier.symbol == trade.symbol
            and earlier.side is trade.side
            and earlier.proposal_id != trade.proposal_id
        ]
        if not similar:
            return self.says(Outcome.PASS, f"the first {trade.side} of {trade.symbol} in this session")
        payload = trade.proposal.payload_hash
        same = next((earlier for earlier in similar if earlier.payload_hash == payload), None)
        if same is not None:
            return self.says(Outcome.HARD, f"identical to P-{same.proposal_id} of this session")
        return self.says(Outcome.SOFT, f"similar to P-{similar[-1].proposal_id}: same symbol and side in this session")
