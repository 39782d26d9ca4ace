"""What a model may answer, read strictly: unknown fields, NaN, wrong types and numbers out of range are refused."""

import json
import unicodedata
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import BadInput
from domain.grounding import ground_of, ungrounded, ungrounded_reason
from domain.proposal import Action, TradeProposal, describe
from domain.research import ProposalQuestion, Proposals, Question, ResearchNote, Thesis, ThesisQuestion
from domain.value import Value

T = TypeVar("T")
D = TypeVar("D", bound=BaseModel)

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Upside = Annotated[float, Field(ge=0.0, le=1000.0)]
Loss = Annotated[float, Field(ge=0.0, le=100.0)]
Days = Annotated[int, Field(ge=1, le=365)]
Text = Annotated[str, Field(min_length=1)]
Ids = list[str]

MOST_EVIDENCE = 40
SYMBOL_WIDTH = 24
REASON_WIDTH = 300
SILENT = "the analyst proposed nothing for it"
NOT_HELD = "a SELL of what is not held"
NO_THESIS = "there is no thesis on it in this run"
OUTSIDE = "it is not in the mandate's universe"
NOT_FOR_STRICT_MODE = ("title", "minLength", "maxLength", "default")


class BadAnswer(BadInput):
    """A model's answer can't be used; says in a sentence what is wrong with it."""


class Reading(Value, Generic[T]):
    """An answer that was understood: `note` says what was left out, `complaint` what should be asked again.

    One that `stands` is kept where asking again doesn't help.
    """

    value: T
    note: str = ""
    complaint: str = ""
    stands: bool = False

    @property
    def problem(self) -> str:
        """What there is to say about it, empty when nothing is."""
        return self.complaint or self.note


class _Draft(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ResearchDraft(_Draft):
    """The market in a few sentences."""

    summary: Text
    regime_view: Text
    evidence: Ids


class ThesisDraft(_Draft):
    """Both sides of one symbol."""

    symbol: Text
    bull_case: Text
    bear_case: Text
    stance: Literal["bullish", "bearish", "neutral"]
    confidence: Share
    expected_upside_pct: Upside
    worst_case_loss_pct: Loss
    time_horizon_days: Days
    invalidation: Text
    evidence: Ids


class ProposalDraft(_Draft):
    """One proposal in the owner's fields."""

    symbol: Text
    action: Literal["BUY", "SELL", "HOLD"]
    position_size_pct: Share
    reason: Text
    confidence: Share
    risk_level: Literal["low", "medium", "high"]
    expected_upside_pct: Upside
    worst_case_loss_pct: Loss
    time_horizon_days: Days


class ProposalsDraft(_Draft):
    """All proposals of one answer."""

    proposals: list[ProposalDraft]


def strict_schema(draft: type[BaseModel]) -> dict[str, Any]:
    """Write a draft as the JSON Schema that strict mode accepts: every field required, no lengths, no defaults."""
    cleaned = _without(draft.model_json_schema(), NOT_FOR_STRICT_MODE)
    assert isinstance(cleaned, dict)
    return cleaned


def read_research(text: str, question: Question) -> Reading[ResearchNote]:
    """Read the research note; raises BadAnswer."""
    draft = _read(text, ResearchDraft)
    evidence, note = _known(draft.evidence, {fact.id for fact in question.scan.facts_of("MARKET")})
    value = ResearchNote(
        summary=_tidy(draft.summary, 2000, "summary"),
        regime_view=_tidy(draft.regime_view, 600, "regime_view"),
        evidence=evidence,
    )
    return Reading(value=value, note=note)


def read_thesis(text: str, question: ThesisQuestion) -> Reading[Thesis]:
    """Read the thesis on the symbol of the question; raises BadAnswer."""
    draft = _read(text, ThesisDraft)
    if draft.symbol != question.symbol:
        raise BadAnswer(f"symbol is {_short(draft.symbol)}, but the question was about {question.symbol}")
    shown = (*question.scan.facts_of(question.symbol), *question.scan.facts_of("MARKET"))
    evidence, note = _known(draft.evidence, {fact.id for fact in shown})
    if not evidence and shown:
        raise BadAnswer(f"evidence names no fact of the data{' (' + note + ')' if note else ''}")
    wrong = ground_of(question.scan, question.desk, draft.symbol).contradictions(
        f"{draft.bull_case}\n{draft.bear_case}"
    )
    if wrong:
        raise BadAnswer(_clean("; ".join(wrong)))
    value = Thesis(
        symbol=draft.symbol,
        bull_case=_tidy(draft.bull_case, 1200, "bull_case"),
        bear_case=_tidy(draft.bear_case, 1200, "bear_case"),
        stance=draft.stance,
        confidence=draft.confidence,
        expected_upside_pct=draft.expected_upside_pct,
        worst_case_loss_pct=draft.worst_case_loss_pct,
        time_horizon_days=draft.time_horizon_days,
        invalidation=_tidy(draft.invalidation, 400, "invalidation"),
        evidence=evidence,
    )
    missing = ungrounded(value, question.scan, question.desk)
    return Reading(value=value, note=note, complaint=_not_in_data("the thesis", missing), stands=True)


def read_proposals(text: str, question: ProposalQuestion) -> Reading[Proposals]:
    """Read the proposals one by one: a bad one leaves its symbol undecided, the others count; raises BadAnswer."""
    raw = _object(text)
    members = raw.get("proposals")
    if set(raw) != {"proposals"} or not isinstance(members, list):
        raise BadAnswer('the answer must be one object with the one field "proposals", a list')
    theses = {thesis.symbol: thesis for thesis in question.theses}
    held = {position.symbol for position in question.desk.positions if position.weight > 0}
    accepted: dict[str, TradeProposal] = {}
    bad: dict[str, str] = {}
    apart: dict[str, str] = {}
    for number, member in enumerate(members, start=1):
        symbol = _symbol_of(member, number)
        if symbol in accepted or symbol in bad:
            accepted.pop(symbol, None)
            bad[symbol] = "proposed more than once"
        elif symbol not in theses and isinstance(member, dict) and isinstance(member.get("symbol"), str):
            apart[symbol] = _why_foreign(symbol, question)
        else:
            try:
                accepted[symbol] = _proposal(member, theses.get(symbol))
            except BadAnswer as error:
                bad[symbol] = error.message
    for symbol in [name for name, found in accepted.items() if found.action is Action.SELL and name not in held]:
        del accepted[symbol]
        apart[symbol] = NOT_HELD
    silent = {symbol: SILENT for symbol in theses if symbol not in {*accepted, *bad, *apart}}
    ordered = tuple(accepted[symbol] for symbol in theses if symbol in accepted)
    vague = [
        _not_in_data(f"reason of {found.symbol}", missing)
        for found in ordered
        if (missing := ungrounded_reason(found, theses[found.symbol], question.scan, question.desk))
    ]
    return Reading(
        value=Proposals(accepted=ordered, undecided={**silent, **apart, **bad}),
        complaint="; ".join([*(f"{symbol}: {reason}" for symbol, reason in bad.items()), *vague]),
        stands=not bad,
    )


def both_answers(first: Proposals, repaired: Proposals) -> Proposals:
    """Take the repaired answer, and from the first one what was good there and is not mentioned any more."""
    kept = [found for found in first.accepted if repaired.undecided.get(found.symbol) == SILENT]
    undecided = {
        symbol: reason for symbol, reason in repaired.undecided.items() if symbol not in {f.symbol for f in kept}
    }
    return Proposals(accepted=(*repaired.accepted, *kept), undecided=undecided)


def _proposal(member: object, thesis: Thesis | None) -> TradeProposal:
    draft = _validate(member, ProposalDraft)
    if thesis is None or draft.symbol != thesis.symbol:
        raise BadAnswer(f"there is no thesis on {_short(draft.symbol)}")
    try:
        return TradeProposal(
            symbol=draft.symbol,
            action=Action(draft.action),
            position_size_pct=draft.position_size_pct,
            reason=_tidy(draft.reason, REASON_WIDTH, "reason"),
            confidence=draft.confidence,
            risk_level=draft.risk_level,
            expected_upside_pct=draft.expected_upside_pct,
            worst_case_loss_pct=draft.worst_case_loss_pct,
            time_horizon_days=draft.time_horizon_days,
            evidence=thesis.evidence[:MOST_EVIDENCE],
        )
    except ValidationError as error:
        raise BadAnswer(describe(error)) from None


def _not_in_data(what: str, missing: tuple[str, ...]) -> str:
    return f"{what} states numbers that are not in the data: {', '.join(missing)}" if missing else ""


def _why_foreign(symbol: str, question: ProposalQuestion) -> str:
    known = symbol in question.desk.names
    return NO_THESIS if known else OUTSIDE


def _symbol_of(member: object, number: int) -> str:
    symbol = member.get("symbol") if isinstance(member, dict) else None
    tidy = _clean(symbol)[:SYMBOL_WIDTH] if isinstance(symbol, str) else ""
    return tidy or f"proposal {number}"


def _read(text: str, draft: type[D]) -> D:
    return _validate(_object(text), draft)


def _validate(raw: object, draft: type[D]) -> D:
    try:
        return draft.model_validate(raw)
    except ValidationError as error:
        raise BadAnswer(_clean(describe(error))) from None


def _object(text: str) -> dict[str, Any]:
    try:
        raw = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates)
    except json.JSONDecodeError as error:
        raise BadAnswer(f"not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise BadAnswer("not valid JSON: a number too long or brackets too deep") from None
    if not isinstance(raw, dict):
        raise BadAnswer(f"the answer must be one JSON object, not {type(raw).__name__}")
    return raw


def _refuse_constant(name: str) -> Any:
    raise BadAnswer(f"{name} is not a number; every number must be finite")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise BadAnswer("a field stands twice in one object")
    return dict(pairs)


def _known(named: list[str], shown: set[str]) -> tuple[tuple[str, ...], str]:
    once = list(dict.fromkeys(named))
    unknown = [_short(name) for name in once if name not in shown]
    note = f"removed evidence that is not in the data: {', '.join(unknown[:5])}" if unknown else ""
    return tuple(name for name in once if name in shown)[:MOST_EVIDENCE], note


def _tidy(text: str, width: int, field: str) -> str:
    clean = _clean(text).strip()
    if not clean:
        raise BadAnswer(f"{field} is empty")
    return clean if len(clean) <= width else clean[: width - 3].rstrip() + "..."


def _clean(text: str) -> str:
    return "".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign for sign in text)


def _short(text: str) -> str:
    return repr(_clean(text)[:SYMBOL_WIDTH])


def _without(node: object, keys: tuple[str, ...]) -> object:
    if isinstance(node, dict):
        return {key: _without(value, keys) for key, value in node.items() if key not in keys or isinstance(value, dict)}
    return [_without(item, keys) for item in node] if isinstance(node, list) else node
