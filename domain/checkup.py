"""What an adapter says when it is asked whether it works: `pm doctor` prints it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from domain.value import Value


class Finding(Value):
    """One thing that was looked at: whether it works, what was found, and what to do if not. Never a secret."""

    part: str
    ok: bool = True
    found: str
    remedy: str = ""


@runtime_checkable
class Examinable(Protocol):
    """An adapter that can be examined; one that can't is only asked for what a run asks it."""

    def examine(self, symbols: Sequence[str]) -> tuple[Finding, ...]:
        """Use the connection and say what was found; `symbols` are the mandate's.

        Raises:
            DeskError: it does not work; says why, and the variable to set.
        """
        ...
