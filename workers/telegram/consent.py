"""Two people, or one who confirms twice: when the yeses given so far are enough."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.people import Consent
from domain.storage import Ledger
from workers.cards.view import TWO_WITHIN
from workers.telegram.staff import Person

APART = timedelta(seconds=60)
"""A single operator's two confirmations are at least this far apart, on the wall."""
TWO = 2
SINGLE_OPERATOR = "single operator"


class Agreed(NamedTuple):
    """Whether it is enough: then `reason` says how, and `quantity` is the least that all agreed to."""

    done: bool
    first: Consent
    quantity: float
    reason: str = ""

    @property
    def not_before(self) -> datetime:
        """From when on a single operator may confirm."""
        return self.first.at + APART

    @property
    def until(self) -> datetime:
        """When the first yes lapses."""
        return self.first.at + TWO_WITHIN


def agree(
    ledger: Ledger,
    portfolio: str,
    subject: str,
    version: int,
    person: Person,
    wall: datetime,
    *,
    quantity: float = 0.0,
    single: bool,
    typed: bool = False,
) -> Agreed:
    """Write down a person's yes, and tell whether it takes another.

    Two people are always enough. One is where `single` holds, the phrase was `typed`, and it is 60 seconds later.
    """
    given = Consent(
        portfolio=portfolio, subject=subject, version=version, person=person.name, quantity=quantity, at=wall
    )
    yes = ledger.consent(given, wall - TWO_WITHIN)
    least = min([quantity, *(consent.quantity for consent in yes)])
    people = sorted({consent.person for consent in yes})
    if len(people) >= TWO:
        return Agreed(done=True, first=yes[0], quantity=least, reason=f"two people: {' and '.join(people)}")
    if single and typed and wall >= yes[0].at + APART:
        return Agreed(done=True, first=yes[0], quantity=least, reason=SINGLE_OPERATOR)
    return Agreed(done=False, first=yes[0], quantity=least)
