"""What takes two people, or one person twice: each yes is written down, and the second one carries it out."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.errors import BadInput
from domain.mandate import Mandate
from domain.people import Consent
from domain.storage import Ledger

TWO = 2
CONFIRM_AFTER = timedelta(seconds=60)
"""A single operator confirms twice, this far apart on the wall."""
DESK_WITHIN = timedelta(minutes=15)
"""For so long a first yes to what concerns the whole desk counts: to resume, to flatten."""
CARD_WITHIN = timedelta(minutes=10)
"""For so long a first yes to a proposal counts."""
SINGLE_OPERATOR = "single operator"


class Agreement(NamedTuple):
    """Whether everybody needed has said yes; `how` is for reports, `quantity` the least that all agreed to, in units.

    Until it is done: from when on the second yes counts, and until when (on the wall).
    """

    done: bool
    how: str
    quantity: float
    single_operator: bool
    not_before: datetime
    until: datetime


def alone(mandate: Mandate) -> bool:
    """Whether there is one approver, who then confirms twice."""
    return len(mandate.approvers) < TWO


def agree(
    ledger: Ledger, mandate: Mandate, given: Consent, within: timedelta, *, known: bool = False, again: bool = True
) -> Agreement:
    """Write down the yes that was `given`, and tell whether that makes two, `within` so long on the wall.

    Two approvers or more in the mandate: two of them, at once. One: the same person once more, 60 seconds later, where
    this may be the second yes (`again`: a tap is none where a phrase has to be typed); or another person, where it is
    `known` who is who, as on a messenger and not at a terminal.

    Raises:
        BadInput: the person is no approver of a mandate that lists two or more.
    """
    approvers, single = mandate.approvers, alone(mandate)
    if not single and given.person not in approvers:
        names = ", ".join(approvers)
        raise BadInput(
            f"{given.person} is no approver of {given.portfolio!r}", f"say who you are, --by with one of: {names}"
        )
    counts = [
        one
        for one in ledger.consent(given, given.at - within)
        if one.person == given.person or (known if single else one.person in approvers)
    ]
    people = sorted({one.person for one in counts})
    not_before = counts[0].at + (CONFIRM_AFTER if single else timedelta(0))
    how = f"two people: {' and '.join(people)}" if len(people) >= TWO else ""
    if not how and single and again and given.at >= not_before:
        how = SINGLE_OPERATOR
    return Agreement(
        done=bool(how),
        how=how,
        quantity=min([given.quantity, *(one.quantity for one in counts)]),
        single_operator=single,
        not_before=not_before,
        until=counts[0].at + within,
    )
