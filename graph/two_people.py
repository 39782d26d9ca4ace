"""What takes two people, or one person twice: the first yes is written down, the second carries it out."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.errors import BadInput
from domain.people import Consent
from graph.context import Till

CONFIRM_AFTER = timedelta(seconds=60)
"""A single operator confirms twice, this far apart on the wall."""
CONFIRM_WITHIN = timedelta(minutes=15)
"""After this long a first yes lapses."""


class Agreement(NamedTuple):
    """Whether everybody needed has said yes; `how` is for reports. Until then: when the second yes counts (wall)."""

    done: bool
    how: str
    single_operator: bool
    not_before: datetime
    until: datetime


def agree(till: Till, approvers: tuple[str, ...], subject: str, by: str, version: int = 1) -> Agreement:
    """Write down that `by` says yes to `subject`, and tell whether that makes two.

    Two approvers or more in the mandate: two of them, at once or within 15 minutes. One: the same person again, 60
    seconds later and within 15 minutes.

    Raises:
        BadInput: `by` is no approver of a mandate that lists two or more.
    """
    alone = len(approvers) < 2  # noqa: PLR2004 - two people
    if not alone and by not in approvers:
        raise BadInput(
            f"{by} is no approver of {till.portfolio!r}", f"say who you are, --by with one of: {', '.join(approvers)}"
        )
    wall = till.clock.wall()
    yes = Consent(portfolio=till.portfolio, subject=subject, version=version, person=by, at=wall)
    given = till.ledger.consent(yes, wall - CONFIRM_WITHIN)
    first = given[0]
    if alone:
        mine = next(yes for yes in given if yes.person == by)
        not_before = mine.at + CONFIRM_AFTER
        done, until = wall >= not_before, mine.at + CONFIRM_WITHIN
        return Agreement(done, "single operator", single_operator=True, not_before=not_before, until=until)
    others = [yes.person for yes in given if yes.person != by and yes.person in approvers]
    how = f"asked by {others[0]}, confirmed by {by}" if others else ""
    until = first.at + CONFIRM_WITHIN
    return Agreement(bool(others), how, single_operator=False, not_before=first.at, until=until)
