"""Mark what an analyst states and the data don't have; the system looks itself, whatever the analyst says."""

from collections.abc import Sequence

from domain.grounding import ungrounded
from domain.proposal import Origin, TradeProposal
from domain.research import Answer, Desk, Thesis, ThesisQuestion
from domain.scan import Scan
from graph.batches import Draft
from graph.context import Context
from graph.grounds import stated_without_ground
from graph.state import Decision


def marked(answer: Answer[Thesis], question: ThesisQuestion) -> Answer[Thesis]:
    """Put into a thesis what of it stands in no data."""
    if answer.value is None:
        return answer
    missing = ungrounded(answer.value, question.scan, question.desk)
    return answer.model_copy(update={"value": answer.value.model_copy(update={"ungrounded": missing})})


def argued(ctx: Context, state: Decision, scan: Scan, proposals: Sequence[TradeProposal]) -> list[Draft]:
    """Make drafts of the analyst's proposals, each with what its thesis and its reason state of their own."""
    if not proposals:
        return []
    origin = Origin.QUANT if ctx.analyst.baseline else Origin.MODEL
    desk = Desk.model_validate(state["desk"])
    theses = {thesis.symbol: thesis for thesis in (Thesis.model_validate(raw) for raw in state.get("theses", []))}
    drafts = []
    for proposal in proposals:
        stated = stated_without_ground(proposal, theses.get(proposal.symbol), scan, desk)
        drafts.append(Draft(origin, proposal, ungrounded=stated))
    return drafts
