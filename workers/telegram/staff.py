"""Who may do what on Telegram: integer user ids with a role; everybody else is nobody."""

from enum import IntEnum
from typing import NamedTuple

from domain.errors import BadInput

SHOW = "write id:role or id:role:name with commas between, like 4711:admin:alice,4712:approver:bob"


class Role(IntEnum):
    """What a person may do; each may do what those before may."""

    VIEWER = 1
    APPROVER = 2
    ADMIN = 3


class Person(NamedTuple):
    """Somebody on the list; `name` is what the mandate calls them and what the audit chain says."""

    id: int
    role: Role
    name: str


def read_staff(text: str) -> dict[int, Person]:
    """Read PM_APPROVERS.

    Raises:
        BadInput: nobody is on it, or an entry can't be read; the bot does not start then.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise BadInput("PM_APPROVERS is empty: nobody may answer", SHOW)
    people = [_person(entry) for entry in entries]
    staff = {person.id: person for person in people}
    if len(staff) < len(people) or len({person.name for person in people}) < len(people):
        raise BadInput("PM_APPROVERS names somebody twice", "list each id and each name once")
    return staff


def _person(entry: str) -> Person:
    number, _, rest = entry.partition(":")
    role, _, name = rest.partition(":")
    known = {role.name.lower(): role for role in Role}
    if not number.strip().isdecimal() or role.strip().lower() not in known or not name.isprintable():
        raise BadInput(f"PM_APPROVERS: {entry!r} can't be read", SHOW)
    return Person(int(number), known[role.strip().lower()], name.strip()[:40] or number.strip())
