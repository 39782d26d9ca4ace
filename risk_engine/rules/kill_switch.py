"""Whether the desk may trade at all."""

from typing import ClassVar

from domain.book import ControlState
from domain.proposal import Origin
from domain.trade import ExitKind, Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation


@RULES.register
class KillSwitch(Rule):
    """Let everything pass when ACTIVE, exits when REDUCING, a flatten's exits and approved stops when HALTED.

    An approved stop is the monitor's exit at the stop of a position's own plan. An entry in REDUCING is a hard breach:
    no approver can lift the state, only a resume can.
    """

    applies_to_exits: ClassVar[bool] = True
    same_for_entries: ClassVar[bool] = True

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look at the control state and at what the trade would do."""
        control, epoch = situation.book.control, situation.book.control_epoch
        said = f"control is {control.value} (epoch {epoch})"
        is_exit = situation.is_exit(trade)
        if control is ControlState.HALTED:
            passes = is_exit and (trade.origin is Origin.FLATTEN or _is_approved_stop(trade, situation))
            return self.says(
                Outcome.PASS if passes else Outcome.HARD, f"{said}: only a flatten or a stop may sell what is held"
            )
        if control is ControlState.REDUCING and not is_exit:
            return self.says(Outcome.HARD, f"{said}: only orders that strictly reduce a position")
        return self.says(Outcome.PASS, said)


def _is_approved_stop(trade: Trade, situation: Situation) -> bool:
    position = situation.book.positions.get(trade.symbol)
    planned = position is not None and position.plan is not None
    return planned and trade.origin is Origin.MONITOR and trade.exit_kind is ExitKind.STOP
