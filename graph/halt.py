"""The one row that stops a desk; it loads nothing that a person in a hurry would have to wait for."""

from typing import TYPE_CHECKING

from domain.book import ControlState
from domain.records import Control

if TYPE_CHECKING:
    from graph.context import Till  # brings the gate along


def halt(till: "Till", by: str, reason: str) -> Control:
    """Write the row that stops every new order but a flatten and approved stops."""
    return till.ledger.set_control(till.portfolio, ControlState.HALTED, reason, by, till.clock.now())
