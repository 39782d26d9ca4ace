"""What can go wrong, named by what happened and grouped by what happens next."""


class DeskError(Exception):
    """Anything we raise on purpose: one sentence for the user, and what to do about it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Show the sentence and the remedy on one line."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message


class RunAborted(DeskError):
    """What was asked can't be done as asked; correct the input and ask again."""


class Transient(DeskError):
    """The same call may work later, and was certainly not carried out."""


class OperatorNeeded(DeskError):
    """A person has to look before anything goes on."""


class BadInput(RunAborted):
    """A value from outside is not what it must be."""


class BadMandate(BadInput):
    """A portfolio's file is wrong; says which file, key and value."""


class BadPolicy(BadInput):
    """The risk policy is wrong; says which key and value."""


class BadProposal(BadInput):
    """A proposal can't be read as one; says which field and value."""


class UnknownPlugin(BadInput):
    """A name that no plugin file has."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown {kind} {name!r}", f"choose one of: {', '.join(known)}")


class OverBudget(RunAborted):
    """The next call to a model could exceed what may be spent; it was not made."""


class NotFound(RunAborted):
    """Nothing has this id."""


class AlreadyDecided(RunAborted):
    """Somebody or something else answered first."""


class EarlierSession(RunAborted):
    """A run was asked for a session before the portfolio's own clock."""


class LookAhead(RunAborted):
    """Data stamped at or after the moment of decision was about to be used."""


class NoData(RunAborted):
    """The feed has nothing for this symbol or date."""


class IntentNotCommitted(RunAborted):
    """An order was about to leave without a committed row in the ledger."""


class Halted(RunAborted):
    """The desk was stopped just before an order would have left."""


class Busy(Transient):
    """Somebody else holds the lock; they, or the next start, will go on with it."""


class WaitsForCash(Transient):
    """An entry is not judged yet: exits of its batch that are on their way bring cash that it needs."""


class RateLimited(Transient):
    """The vendor said not now, and did not take the request."""


class Undelivered(Transient):
    """A message did not arrive, as far as we know; `retry_after` is how long its channel wants us to wait (seconds)."""

    def __init__(self, message: str, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class Undeliverable(RunAborted):
    """A channel refused a message, and would refuse it again."""


class OrderRefused(RunAborted):
    """The broker answered no; do not send it again."""


class OutcomeUnknown(OperatorNeeded):
    """No readable answer came back: the order may live; look its client id up before anything else."""


class AccessDenied(OperatorNeeded):
    """A vendor does not accept our keys; what was asked was certainly not carried out."""


class LedgerDamaged(OperatorNeeded):
    """The ledger can't be read or its audit chain is broken."""


class NotPaper(OperatorNeeded):
    """An account that is not a paper account."""
