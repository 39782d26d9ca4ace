"""The independent bookkeeper over a finished ledger: each session from the fills before it and what it let in."""

from collections import defaultdict

from tests.hostile.checker import MICRO, Checker, State


class FinishedChecker(Checker):
    """Goes through every session of a ledger that nobody writes to any more."""

    def go_through(self) -> None:
        """Check each session's entries and exits, and each session's orders, against the books of that morning."""
        ((units,),) = self.query("SELECT units FROM portfolio WHERE name = %s", self.portfolio)
        control, resets = self._control(), self._resets()
        cash, held = units * MICRO, defaultdict(float)
        fills = defaultdict(list)
        for session, *fill in self.query(
            "SELECT session, symbol, side, quantity, price, commission FROM fill WHERE portfolio = %s", self.portfolio
        ):
            fills[session].append(fill)
        for (session,) in self.query("SELECT session FROM run WHERE portfolio = %s ORDER BY session", self.portfolio):
            holdings = {symbol: round(quantity, 6) for symbol, quantity in held.items() if abs(quantity) > MICRO}
            before = State(session, control.get(session, "ACTIVE"), cash, holdings, set(), {})
            unit = self._equity(before) / (units * MICRO)
            self._units.append((session, unit))
            self._high = unit if session in resets else max(self._high, unit)
            self.check(before)
            Checker._sound(self, session)
            for symbol, side, quantity, price, commission in fills[session]:
                sign = 1 if side == "BUY" else -1
                held[symbol] += sign * quantity * MICRO
                cash -= sign * quantity * MICRO * price * MICRO + commission * MICRO

    def _sound(self, session: object = None) -> None:
        """The books add up once, at the end of each session's check."""

    def _control(self) -> dict[str, str]:
        """The state that held when each session's first order was promised, or its last where it had none."""
        found, state, session, promised = {}, "ACTIVE", "", False
        for action, subject in self.query(
            "SELECT action, subject FROM audit WHERE chain = %s ORDER BY sequence", self.portfolio
        ):
            if action == "session_entered":
                session, promised = subject, False
            elif action == "control_changed":
                state = subject
            elif action == "intent_committed" and not promised:
                found[session], promised = state, True
            if not promised:
                found[session] = state
        return found

    def _resets(self) -> set[str]:
        return {day for (day,) in self.query("SELECT session FROM flow WHERE kind = 'reset'")}
