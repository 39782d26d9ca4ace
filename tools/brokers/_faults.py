"""A scripted bad day of the simulated broker: real faults at real points, for tests and simulations."""

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import OutcomeUnknown, RateLimited, Transient


class Fault(StrEnum):
    """What goes wrong with one submission.

    `TIMEOUT_BEFORE`: nothing arrived, outcome unknown. `TIMEOUT_AFTER`: accepted and worked, outcome unknown.
    `LOST_ANSWER`: the same, and the next look-ups fail too. `RATE_LIMITED`: not taken. `REJECT`: refused.
    `NOT_VISIBLE`: accepted and answered, but the next look-ups find nothing.
    `TIMEOUT_NOT_VISIBLE`: accepted, outcome unknown, and the next look-ups find nothing.
    """

    NONE = "none"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    LOST_ANSWER = "lost_answer"
    RATE_LIMITED = "rate_limited"
    REJECT = "reject"
    NOT_VISIBLE = "not_visible"
    TIMEOUT_NOT_VISIBLE = "timeout_not_visible"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One fault; `lookups` is how many look-ups of that order it spoils, where it spoils any."""

    fault: Fault
    lookups: int = 1


class Faults:
    """A queue of faults: each call of `submit` takes the next one, and none when the queue is empty."""

    def __init__(self, *script: Scripted | Fault | str) -> None:
        self._script = deque(one if isinstance(one, Scripted) else Scripted(Fault(one)) for one in script)
        self._failing: Counter[str] = Counter()
        self._hidden: Counter[str] = Counter()

    def add(self, fault: Fault | str, lookups: int = 1) -> None:
        """Append one fault."""
        self._script.append(Scripted(Fault(fault), lookups))

    def take(self) -> Scripted:
        """Take the fault of this submission."""
        return self._script.popleft() if self._script else Scripted(Fault.NONE)

    def before(self, scripted: Scripted, client_order_id: str) -> None:
        """Spoil a submission before the broker has heard of it.

        Raises:
            OutcomeUnknown: it timed out on the way there.
            RateLimited: it was not taken.
        """
        if scripted.fault is Fault.TIMEOUT_BEFORE:
            raise _no_answer(client_order_id)
        if scripted.fault is Fault.RATE_LIMITED:
            raise RateLimited(f"too many requests: {client_order_id} was not taken", "send it again later")

    def after(self, scripted: Scripted, client_order_id: str) -> None:
        """Spoil the answer to a submission that has been carried out; raises OutcomeUnknown."""
        if scripted.fault is Fault.LOST_ANSWER:
            self._failing[client_order_id] = scripted.lookups
        if scripted.fault in {Fault.NOT_VISIBLE, Fault.TIMEOUT_NOT_VISIBLE}:
            self._hidden[client_order_id] = scripted.lookups
        if scripted.fault in {Fault.TIMEOUT_AFTER, Fault.LOST_ANSWER, Fault.TIMEOUT_NOT_VISIBLE}:
            raise _no_answer(client_order_id)

    def hides(self, client_order_id: str) -> bool:
        """Spoil a look-up: true when the order is not to be seen yet; raises Transient when there is no answer."""
        if self._failing[client_order_id] > 0:
            self._failing[client_order_id] -= 1
            raise Transient(f"no answer to the look-up of {client_order_id}", "ask again")
        if self._hidden[client_order_id] > 0:
            self._hidden[client_order_id] -= 1
            return True
        return False


def _no_answer(client_order_id: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"no answer to the submission of {client_order_id}", "look its client order id up")
