"""The independent bookkeeper over a finished ledger: each session from the fills before it and what it let in."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from tests.hostile.checker import EPS, MICRO, ROOT, Checker, Closes, Entry, State, dates, limits

NEVER_HARD = frozenset({"model_risk", "cooldown", "event_blackout"})
"""Rules that ask a person, and refuse nothing."""
MOST_TO_ORDER = 6
"""Of so many purchases in a session every order is tried, of more the likeliest ones."""


class FinishedChecker(Checker):
    """Goes through every session of a ledger that nobody writes to any more."""

    def go_through(self) -> None:
        """Check each session's entries and exits, and each session's orders, against the books of that morning."""
        ((units,),) = self.query("SELECT units FROM portfolio WHERE name = %s", self.portfolio)
        control, resets, opposed = self._control(), self._resets(), self._opposed()
        cash, held = units * MICRO, defaultdict(float)
        fills = defaultdict(list)
        for session, *fill in self.query(
            "SELECT session, symbol, side, quantity, price, commission FROM fill WHERE portfolio = %s", self.portfolio
        ):
            fills[session].append(fill)
        known = {str(day)[:10] for day in dates()}
        entered = dict(self.query("SELECT subject, sequence FROM audit WHERE action = 'session_entered'"))
        for (session,) in self.query("SELECT session FROM run WHERE portfolio = %s ORDER BY session", self.portfolio):
            holdings = {symbol: round(quantity, 6) for symbol, quantity in held.items() if abs(quantity) > MICRO}
            before = State(
                session, control.get(session, "ACTIVE"), cash, holdings, set(), {}, audited=entered.get(session, 0)
            )
            self.counted["market_session"] += 1
            if session not in known:
                self._blame("market_session", before, f"decided on {session}, when the exchange was closed")
                continue
            unit = self._equity(before) / (units * MICRO)
            self._units.append((session, unit))
            self._high = unit if session in resets else max(self._high, unit)
            self.check(before)
            self.counted["opposing_order"] += 1
            for symbol in opposed[session]:
                self._blame("opposing_order", before, f"{symbol} bought while an own sale was open")
            Checker._sound(self, session)
            for symbol, side, quantity, price, commission in fills[session]:
                sign = 1 if side == "BUY" else -1
                held[symbol] += sign * quantity * MICRO
                cash -= sign * quantity * MICRO * price * MICRO + commission * MICRO
        self._agreed()

    def _sound(self, session: object = None) -> None:
        """The books add up once, at the end of each session's check."""

    def _about_us(self, before: State) -> None:
        self.counted["kill_switch"] += 1
        super()._about_us(before)

    def _about_entry(self, entry: Entry, before: State, prices: Closes, equity: float) -> None:
        for rule in ("tradable_symbol", "restricted_list", "options_risk", "duplicate_proposal"):
            self.counted[rule] += 1
        self.counted["cited_evidence"] += entry.origin in {"model", "quant"}
        if entry.payload["limit_price"] is None:
            self.counted["price_collar"] += 1  # a market order at the close has no limit that could be off
        super()._about_entry(entry, before, prices, equity)

    def _about_groups(
        self, before: State, fresh: list[Entry], weight: Mapping[str, float], prices: Closes, equity: float
    ) -> None:
        traded = [entry for entry in fresh if entry.symbol in prices.last]
        super()._about_groups(before, traded, weight, prices, equity)
        if len(traded) > 1:
            self._about_scores(before, traded, weight, prices, equity)

    def _about_score(self, entry: Entry, before: State, weight: Mapping[str, float], prices: Closes) -> None:
        if entry.symbol in prices.last:
            super()._about_score(entry, before, weight, prices)

    def _about_scores(
        self, before: State, fresh: list[Entry], weight: Mapping[str, float], prices: Closes, equity: float
    ) -> None:
        """Each was scored with those before it: some order must exist in which every one stayed below the limit."""
        share = {entry.id: entry.quantity * prices.last[entry.symbol] / equity for entry in fresh}

        def fit(left: tuple[Entry, ...], now: Mapping[str, float]) -> bool:
            for last in left:
                if self._scored_above(last, before, now, prices):
                    continue
                less = {**now, last.symbol: now[last.symbol] - share[last.id]}
                others = tuple(entry for entry in left if entry is not last)
                if not others or fit(others, less):
                    return True
                if len(left) > MOST_TO_ORDER:
                    return False
            return False

        self.counted["risk_score"] += 1
        if not fit(tuple(fresh), weight):
            self._blame("risk_score", before, f"{', '.join(entry.symbol for entry in fresh)} in no order")

    def _scored_above(self, entry: Entry, before: State, weight: Mapping[str, float], prices: Closes) -> bool:
        trial = Checker(self.query, self.portfolio, self.sectors)
        trial._about_risk(before, weight, prices)
        trial._about_score(entry, before, weight, prices)
        return any(violation.rule == "risk_score" for violation in trial.violations)

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

    def _opposed(self) -> Mapping[str, list[str]]:
        """Symbols bought in a session after an own sale of it that was never executed in full."""
        found, open_sales = defaultdict(list), set()
        for session, symbol, side, quantity, filled in self.query(
            "SELECT session, symbol, side, quantity, filled_quantity FROM order_intent WHERE portfolio = %s"
            " ORDER BY rowid",
            self.portfolio,
        ):
            if side == "SELL" and filled < quantity:
                open_sales.add((session, symbol))
            elif side == "BUY" and (session, symbol) in open_sales:
                found[session].append(symbol)
        return found

    def _agreed(self) -> None:
        """No difference to the broker stands, and no order whose outcome is unknown."""
        self.counted["reconciled_book"] += 1
        ((apart,),) = self.query("SELECT count(*) FROM mismatch WHERE portfolio = %s", self.portfolio)
        ((unknown,),) = self.query(
            "SELECT count(*) FROM order_intent WHERE portfolio = %s AND state = 'UNKNOWN'", self.portfolio
        )
        last = State(self._units[-1][0] if self._units else "", "", 0.0, {}, set(), {})
        self._at_most("reconciled_book", last, "differences to the broker", apart, 0)
        self._at_most("reconciled_book", last, "orders of unknown outcome", unknown, EPS)


@cache
def not_counted() -> Mapping[str, str]:
    """Name the rules that a recorded backtest has no hard limit of, each with the reason."""
    policy = tomllib.loads((ROOT / "risk_engine" / "policy.toml").read_text())
    unknown = dict.fromkeys(set(policy["unavailable"]["recorded"]) & set(limits()), "not known of recorded closes")
    partly = {"tradable_symbol", "order_quantity"}
    never = dict.fromkeys(NEVER_HARD, "asks a person, refuses nothing")
    return {
        **{rule: why for rule, why in unknown.items() if rule not in partly},
        **never,
        "margin": "cash accounts have none",
    }
