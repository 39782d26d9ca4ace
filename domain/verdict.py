"""What the risk engine answers: one result a rule, and the verdict that follows from them."""

from enum import StrEnum

from pydantic import Field

from domain.value import Value


class Outcome(StrEnum):
    """What one rule says; the later of two is the stricter."""

    NOT_APPLICABLE = "not_applicable"
    DISABLED = "disabled"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    NOTE = "pass_with_note"
    ALERT = "alert"
    SOFT = "soft"
    HARD = "hard"
    NOT_EVALUATED = "not_evaluated"
    ERROR = "error"

    @property
    def breaches(self) -> bool:
        """Whether the rule stands in the way."""
        return self in {Outcome.SOFT, Outcome.HARD, Outcome.NOT_EVALUATED, Outcome.ERROR}

    @property
    def rejects(self) -> bool:
        """Whether no person can lift it."""
        return self in {Outcome.HARD, Outcome.NOT_EVALUATED, Outcome.ERROR}


class RuleResult(Value):
    """One rule about one trade: what it saw, its limits in the same unit, and the largest quantity it allows.

    `largest_quantity` is None for rules that do not resize. `message` is a sentence for the card.
    """

    rule: str
    outcome: Outcome
    observed: float | None = None
    soft: float | None = None
    hard: float | None = None
    largest_quantity: float | None = None
    message: str = ""


class Decision(StrEnum):
    """What becomes of the trade."""

    EXECUTE = "execute"
    RESIZE = "resize"
    APPROVAL = "approval"
    REJECT = "reject"
    HALT = "halt"
    NONE = "none"

    @property
    def goes_on(self) -> bool:
        """Whether the order may leave without asking anybody."""
        return self in {Decision.EXECUTE, Decision.RESIZE}


class Phase(StrEnum):
    """When the verdict was given."""

    FIRST = "first"
    AFTER_YES = "after_yes"


class RiskVerdict(Value):
    """Decision and allowed quantity, with everything needed to explain and to repeat them.

    `waits_behind` names the proposals whose reservations left it less than it would have had.
    The digests name what it was judged on; `judgement` names all inputs together, None before they are stored.
    """

    proposal_id: str
    version: int
    phase: Phase
    decision: Decision
    quantity: float = Field(ge=0.0)
    asked_quantity: float = Field(ge=0.0)
    sized_by: tuple[str, ...] = ()
    waits_behind: tuple[str, ...] = ()
    results: tuple[RuleResult, ...]
    risk_score: float | None = None
    snapshot_digest: str
    book_digest: str
    policy_digest: str
    code_version: str
    judgement: str | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def breached(self) -> tuple[str, ...]:
        """Names of the rules that stand in the way, strictest first."""
        strict = sorted(
            (result for result in self.results if result.outcome.breaches),
            key=lambda result: (not result.outcome.rejects, result.rule),
        )
        return tuple(result.rule for result in strict)
