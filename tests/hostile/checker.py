"""An independent bookkeeper: reads the ledger's tables and the raw closes, and reckons every hard limit by itself.

It shares no code with the rules: its own accounts from the fills, its own estimators, the limits straight from
policy.toml and portfolios/*.toml. It looks before and after each step and blames only what that step let in.
"""

import json
import math
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
MICRO = 1e-6
EPS = 1e-6
LIVE = {"judged", "awaiting", "approved", "executing", "quarantined"}
DEAD = {"rejected", "declined", "expired", "superseded"}
YEAR = 252
WINDOW = 756
OPEN_SALES = (
    "SELECT symbol FROM order_intent WHERE portfolio = %s AND side = 'SELL' AND filled_quantity < quantity"
    " AND state NOT IN ('DONE', 'REJECTED')"
)
Query = Callable[..., list[tuple]]


class Violation(NamedTuple):
    """One limit that was passed."""

    rule: str
    session: str
    what: str


@dataclass
class State:
    """What the tables say at one moment."""

    session: str
    control: str
    cash: float
    held: dict[str, float]
    seen: set[str]
    """Proposals that have taken room or traded."""
    filled: dict[str, float]
    selling: frozenset[str] = frozenset()
    """Symbols with an own sale at the broker."""
    audited: int = 0
    """How long the audit chain is."""


@dataclass
class Entry:
    """One purchase that a step let in."""

    id: str
    symbol: str
    quantity: float
    payload: dict
    origin: str
    session: str
    fresh: bool


@dataclass
class Checker:
    """Watches one portfolio; `violations` and `counted` grow."""

    query: Query
    portfolio: str
    sectors: Mapping[str, str]
    restricted: frozenset[str] = frozenset()
    violations: list[Violation] = field(default_factory=list)
    counted: Counter = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    _units: list[tuple[str, float]] = field(default_factory=list)
    _high: float = 1.0
    _opened: float = 0.0

    def look(self) -> State:
        """Read the state that a step starts from, and strike the unit value of a new session."""
        ((session, start),) = self.query("SELECT session, units FROM portfolio WHERE name = %s", self.portfolio)
        ((control,),) = self.query("SELECT state FROM control WHERE portfolio = %s", self.portfolio)
        cash, held = self._accounts(float(start) * MICRO)
        rows = self.query("SELECT id, status, filled_quantity FROM proposal WHERE session = %s", session)
        state = State(
            session=str(session),
            control=control,
            cash=cash,
            held=held,
            seen={name for name, status, filled in rows if status in LIVE or filled},
            filled={name: filled * MICRO for name, _, filled in rows},
            selling=frozenset(symbol for (symbol,) in self.query(OPEN_SALES, self.portfolio)),
            audited=self.query("SELECT count(*) FROM audit WHERE chain = %s", self.portfolio)[0][0],
        )
        if not self._units or self._units[-1][0] != state.session:
            unit = self._equity(state) / (float(start) * MICRO)
            self._units.append((state.session, unit))
            self._high = max(self._high, unit)
        return state

    def check(self, before: State) -> None:
        """Judge what has come in since `before`, in the same session."""
        rows = self.query(
            "SELECT id, status, symbol, side, quantity, filled_quantity, proposal, origin, session, version"
            " FROM proposal WHERE session = %s ORDER BY id",
            before.session,
        )
        accepted: list[Entry] = []
        reserved: defaultdict[str, float] = defaultdict(float)
        sold: defaultdict[str, float] = defaultdict(float)
        for name, status, symbol, side, quantity, filled, payload, origin, session, _ in rows:
            if side is None or not (status in LIVE or filled):
                continue
            filled_now = filled * MICRO - before.filled.get(name, 0.0)
            size = filled * MICRO if status not in LIVE else max(quantity, filled) * MICRO
            fresh = name not in before.seen or filled_now > EPS
            if side == "SELL":
                sold[symbol] += size if fresh else 0.0
                if fresh:
                    self.counted["exits"] += 1
                continue
            body = payload if isinstance(payload, dict) else json.loads(payload)
            accepted.append(Entry(name, symbol, size, body, origin, str(session), fresh))
            if fresh:
                reserved[symbol] += size - before.filled.get(name, 0.0)
            elif status in LIVE:
                reserved[symbol] += size - filled * MICRO
        self._exits(before, sold)
        fresh_entries = [entry for entry in accepted if entry.fresh]
        self.counted["entries"] += len(fresh_entries)
        if fresh_entries:
            self._entries(self._as_judged(before, fresh_entries), accepted, fresh_entries, reserved)
        self._sound()

    def _as_judged(self, before: State, fresh: list[Entry]) -> State:
        """What was held when the first of the entries was judged: a sale that had filled by then is gone for good."""
        names, judged, sales = {f"P-{entry.id}" for entry in fresh}, {}, []
        rows = self.query(
            "SELECT sequence, action, subject, detail FROM audit WHERE chain = %s AND sequence > %s"
            " AND action IN ('fill_booked', 'verdict_recorded') ORDER BY sequence",
            self.portfolio,
            before.audited,
        )
        for sequence, action, subject, detail in rows:
            if action == "verdict_recorded":
                judged[subject] = sequence
            elif json.loads(detail)["side"] == "SELL":
                sales.append((sequence, json.loads(detail)))
        first = min(judged.get(name, 0) for name in names)
        held, cash = dict(before.held), before.cash
        for sequence, sale in sales:
            if sequence < first:
                held[sale["symbol"]] -= float(sale["quantity"])
                cash += float(sale["quantity"]) * float(sale["price"]) - float(sale["commission"])
        return replace(before, held=held, cash=cash)

    def _exits(self, before: State, sold: Mapping[str, float]) -> None:
        for symbol, quantity in sold.items():
            held = before.held.get(symbol, 0.0)
            self._at_most("short_sales", before, f"{symbol} sold", quantity, held)
            if before.control == "HALTED" and quantity > EPS:
                self._blame("kill_switch", before, f"{symbol} sold while HALTED")

    def _entries(
        self,
        before: State,
        accepted: list[Entry],
        fresh: list[Entry],
        reserved: Mapping[str, float],
    ) -> None:
        prices, equity = closes_before(before.session), self._equity(before)
        if equity <= 0:
            self._blame("equity", before, "entries without equity")
            return
        worst = {
            s: before.held.get(s, 0.0) + reserved.get(s, 0.0) for s in {*before.held, *reserved} if s in prices.last
        }
        weight = {s: units * prices.last[s] / equity for s, units in worst.items()}
        self._about_us(before)
        for entry in fresh:
            self._about_entry(entry, before, prices, equity)
            self._about_exposure(entry, before, weight)
        self._about_session(before, accepted, fresh, prices, equity)
        rule = limits()
        self._at_most("max_leverage", before, "gross", sum(weight.values()), rule["max_leverage"]["hard"])
        bought = sum(units * self._cost(prices, s) for s, units in reserved.items())
        free = (before.cash - bought) / equity
        self._at_most("cash_buffer", before, "cash", -free, -rule["cash_buffer"]["hard"])
        self._at_most(
            "open_positions", before, "names", sum(w > EPS for w in weight.values()), rule["open_positions"]["hard"]
        )
        self._about_risk(before, weight, prices)
        self._about_groups(before, fresh, weight, prices, equity)
        if len(fresh) == 1:
            self._about_score(fresh[0], before, weight, prices)

    def _about_us(self, before: State) -> None:
        rule = limits()
        if before.control != "ACTIVE":
            self._blame("kill_switch", before, f"entries while {before.control}")
        depth = 1.0 - self._units[-1][1] / self._high
        self._below("drawdown", before, "below the high", depth, rule["drawdown"]["reducing"])
        if len(self._units) > 1 and row_of(self._units[-2][0]) == row_of(before.session) - 1:
            loss = 1.0 - self._units[-1][1] / self._units[-2][1]
            self._below("daily_loss", before, "lost", loss, rule["daily_loss"]["reducing"])
        row = row_of(before.session)
        gap = (dates()[row] - dates()[row - 1]) / np.timedelta64(1, "D")
        self._at_most("fresh_data", before, "days since the last bar", float(gap), rule["fresh_data"]["bar_days"])

    def _about_entry(self, entry: Entry, before: State, prices: "Closes", equity: float) -> None:
        rule, said = limits(), entry.payload
        symbol, price = entry.symbol, prices.last.get(entry.symbol)
        if price is None or symbol not in self.sectors:
            self._blame("tradable_symbol", before, f"{symbol} is not in the mandate")
            return
        if symbol in self.restricted:
            self._blame("restricted_list", before, symbol)
        if entry.session != before.session:
            self._blame("market_session", before, f"{symbol} is of {entry.session}")
        if said["legs"]:
            self._blame("options_risk", before, symbol)
        if entry.origin in {"model", "quant"}:
            if not said["evidence"]:
                self._blame("cited_evidence", before, symbol)
            self._at_most("min_confidence", before, symbol, -said["confidence"], -rule["min_confidence"]["hard"])
        if symbol in before.selling and entry.id not in before.seen:
            self._blame("opposing_order", before, f"{symbol} bought while an own sale is open")
        self._about_amounts(entry, before, prices, equity, price)

    def _about_amounts(self, entry: Entry, before: State, prices: "Closes", equity: float, price: float) -> None:
        rule, said, symbol = limits(), entry.payload, entry.symbol
        limit = said["limit_price"]
        reckoned = limit or price
        if limit is not None:
            self._at_most("price_collar", before, symbol, abs(limit / price - 1.0), rule["price_collar"]["hard"])
        asked = math.floor(said["position_size_pct"] * equity / reckoned + 1e-9) * max(reckoned, price) / equity
        if entry.id not in before.seen:
            self._at_most("order_quantity", before, symbol, asked, rule["order_quantity"]["equity_hard"])
            self._at_most("size", before, symbol, entry.quantity * reckoned, said["position_size_pct"] * equity)
        smallest = max(rule["min_order"]["dollars"], rule["min_order"]["fraction"] * equity)
        if before.filled.get(entry.id, 0.0) == 0.0 and entry.id not in before.seen:
            self._at_most("min_order", before, symbol, -entry.quantity * max(reckoned, price), -smallest)
        moves = np.abs(prices.returns(symbol)[-14:]).mean()
        stop = said["stop_price"]
        distance = min(max(said["worst_case_loss_pct"] / 100.0, 2.5 * moves, 0.001), 0.95)
        if stop is not None:
            distance = max(distance, abs(reckoned - stop) / reckoned)
        loss = entry.quantity * reckoned * distance * rule["trade_risk"]["close_factor"] / equity
        self._at_most("trade_risk", before, symbol, loss, rule["trade_risk"]["hard"])
        self._at_most(
            "volatility_limit",
            before,
            symbol,
            ewma(prices.returns(symbol)) * math.sqrt(YEAR),
            rule["volatility_limit"]["hard"],
        )

    def _about_exposure(self, entry: Entry, before: State, weight: Mapping[str, float]) -> None:
        rule, symbol = limits(), entry.symbol
        self._at_most(
            "max_position_weight", before, symbol, weight.get(symbol, 0.0), rule["max_position_weight"]["hard"]
        )
        sector = self.sectors.get(symbol, "unknown")
        hard = rule["max_sector_weight"]["hard_by_sector"].get(sector, rule["max_sector_weight"]["hard"])
        total = sum(w for s, w in weight.items() if self.sectors.get(s, "unknown") == sector)
        self._at_most("max_sector_weight", before, sector, total, hard)

    def _about_session(
        self, before: State, accepted: list[Entry], fresh: list[Entry], prices: "Closes", equity: float
    ) -> None:
        rule = limits()
        notional: defaultdict[str, float] = defaultdict(float)
        for entry in accepted:
            limit = entry.payload["limit_price"]
            notional[entry.symbol] += entry.quantity * (limit or prices.last.get(entry.symbol, 0.0)) / equity
        for symbol in {entry.symbol for entry in fresh}:
            self._at_most("max_order_notional", before, symbol, notional[symbol], rule["max_order_notional"]["hard"])
            count = sum(entry.symbol == symbol for entry in accepted)
            self._at_most("trade_frequency", before, symbol, count, rule["trade_frequency"]["symbol_hard"])
        self._at_most("turnover", before, "entries", sum(notional.values()), rule["turnover"]["hard"])
        self._at_most("trade_frequency", before, "entries", len(accepted), rule["trade_frequency"]["day_hard"])
        payloads = Counter(json.dumps(entry.payload, sort_keys=True) for entry in accepted)
        for entry in fresh:
            if payloads[json.dumps(entry.payload, sort_keys=True)] > 1:
                self._blame("duplicate_proposal", before, f"{entry.symbol} twice the same")

    def _about_risk(self, before: State, weight: Mapping[str, float], prices: "Closes") -> None:
        rule = limits()
        if not weight:
            return
        series = sum(w * prices.returns(s) for s, w in weight.items())
        deviation = ewma(series)
        self._at_most(
            "portfolio_volatility", before, "book", deviation * math.sqrt(YEAR), rule["portfolio_volatility"]["hard"]
        )
        at_risk = rule["value_at_risk"]
        recent = np.sort(series[-at_risk["sessions"] :])
        tail = -recent[math.floor(at_risk["tail"] * len(recent))]
        self.var = max(float(tail), at_risk["normal_quantile"] * deviation)
        self._at_most("value_at_risk", before, "book", self.var, at_risk["hard"])

    def _about_groups(
        self, before: State, fresh: list[Entry], weight: Mapping[str, float], prices: "Closes", equity: float
    ) -> None:
        # Each candidate was judged with those before it, so some order must exist in which every one fitted:
        # take away, one by one, whoever fits with all that are left; being stuck means that nobody can have been last.
        rule, left, now = limits()["correlation_limit"], list(fresh), dict(weight)
        while left:
            last = next((e for e in left if self._group(e.symbol, now, prices, rule) <= rule["hard"] + EPS), None)
            if last is None:
                self._blame(
                    "correlation_limit",
                    before,
                    f"{left[0].symbol} {self._group(left[0].symbol, now, prices, rule):.4f}",
                )
                return
            self.most["correlation_limit"] = max(
                self.most.get("correlation_limit", 0.0), self._group(last.symbol, now, prices, rule) / rule["hard"]
            )
            left.remove(last)
            now[last.symbol] -= last.quantity * prices.last[last.symbol] / equity
        self.counted["correlation_limit"] += 1

    def _group(self, symbol: str, weight: Mapping[str, float], prices: "Closes", rule: dict) -> float:
        mine = prices.returns(symbol)[-rule["sessions"] :]
        total = 0.0
        for other, w in weight.items():
            if other == symbol or w <= EPS:
                total += w if other == symbol else 0.0
                continue
            # A hair above the threshold: what stands exactly on it may be read either way.
            if np.corrcoef(mine, prices.returns(other)[-rule["sessions"] :])[0, 1] >= rule["correlation"] + 1e-9:
                total += w
        return total

    def _about_score(self, entry: Entry, before: State, weight: Mapping[str, float], prices: "Closes") -> None:
        rule, symbol, sector = limits(), entry.symbol, self.sectors[entry.symbol]
        moves = prices.returns(symbol)
        of_sector = sum(w for s, w in weight.items() if self.sectors.get(s) == sector)
        uses = {
            "max_position_weight": weight[symbol] / rule["max_position_weight"]["soft"],
            "max_sector_weight": of_sector / rule["max_sector_weight"]["soft"],
            "value_at_risk": self.var / rule["value_at_risk"]["soft"],
            "volatility_limit": ewma(moves) * math.sqrt(YEAR) / rule["volatility_limit"]["soft"],
        }
        scored = rule["risk_score"]
        year = moves[-scored["sharpe_sessions"] :]
        sharpe = year.mean() / year.std(ddof=1) * math.sqrt(YEAR)
        weights = {name: scored["weights"][name] for name in uses}
        total = sum(weights[n] * min(uses[n], scored["most_use"]) for n in uses) / sum(weights.values())
        score = 100.0 * total * min(max(1.25 - 0.25 * sharpe, 0.8), 1.25)
        # VaR is the larger of before and after here as in the rule only when the trade adds risk: allow a little.
        self._at_most("risk_score", before, symbol, score, scored["hard"] * 1.001)

    def _sound(self, session: object = None) -> None:
        """Books add up: positions are the fills, no order without a yes, no order larger than its verdict."""
        ((cash, start, here),) = self.query(
            "SELECT cash, units, session FROM portfolio WHERE name = %s", self.portfolio
        )
        session = session or here
        mine, held = self._accounts(float(start) * MICRO)
        positions = {
            s: q * MICRO
            for s, q in self.query("SELECT symbol, quantity FROM position WHERE portfolio = %s", self.portfolio)
        }
        state = State(str(session), "", mine, held, set(), {})
        if abs(mine - cash * MICRO) > 1e-4 or mine < -EPS:
            self._blame("accounts", state, f"cash {cash * MICRO} is {mine} by the fills")
        if positions != {s: q for s, q in held.items() if abs(q) > EPS} or any(q < -EPS for q in held.values()):
            self._blame("accounts", state, f"positions {positions} are {held} by the fills")
        orders = self.query(
            "SELECT i.client_order_id, i.quantity, p.status, a.answer, a.quantity, i.filled_quantity"
            " FROM order_intent i JOIN proposal p ON p.id = i.proposal_id"
            " LEFT JOIN approval a ON a.proposal_id = p.id AND a.version = i.version WHERE i.session = %s",
            session,
        )
        given: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for name, decision, quantity in self.query(
            "SELECT i.client_order_id, v.decision, v.quantity FROM verdict v"
            " JOIN order_intent i ON i.proposal_id = v.proposal_id WHERE i.session = %s",
            session,
        ):
            given[name].append((decision, quantity))
        for name, quantity, status, answer, approved, filled in orders:
            verdicts = given[name]
            yes = [allowed for decision, allowed in verdicts if decision in {"execute", "resize"}]
            if not yes or quantity > max(yes):
                self._blame("verdict", state, f"order {name} of {quantity * MICRO} has no verdict that lets it")
            if any(decision == "approval" for decision, _ in verdicts) and (answer != "approve" or quantity > approved):
                self._blame("approval", state, f"order {name} of {quantity * MICRO} has no yes that covers it")
            if filled > quantity or (status in DEAD and filled):
                self._blame("fills", state, f"order {name} filled {filled * MICRO} as {status}")
        self.counted["orders"] += len(orders)

    def _accounts(self, cash: float) -> tuple[float, dict[str, float]]:
        held: defaultdict[str, float] = defaultdict(float)
        told = self.query(
            "SELECT symbol, side, quantity, price, commission FROM fill WHERE portfolio = %s", self.portfolio
        )
        for symbol, side, quantity, price, commission in told:
            sign = 1 if side == "BUY" else -1
            held[symbol] += sign * quantity * MICRO
            cash -= sign * quantity * MICRO * price * MICRO + commission * MICRO
        return cash, {symbol: round(units, 6) for symbol, units in held.items() if abs(units) > EPS}

    def _equity(self, state: State) -> float:
        last = closes_before(state.session).last
        return state.cash + sum(units * last[symbol] for symbol, units in state.held.items())

    def _cost(self, prices: "Closes", symbol: str) -> float:
        return prices.last.get(symbol, 0.0)

    def _at_most(self, rule: str, state: State, what: str, value: float, limit: float) -> None:
        self.counted[rule] += 1
        if limit > 0:
            self.most[rule] = max(self.most.get(rule, 0.0), value / limit)
        if not value <= limit + EPS:
            self._blame(rule, state, f"{what} {value:.6f} against {limit:.6f}")

    def _below(self, rule: str, state: State, what: str, value: float, limit: float) -> None:
        self.counted[rule] += 1
        self.most[rule] = max(self.most.get(rule, 0.0), value / limit)
        if not value < limit + EPS:
            self._blame(rule, state, f"{what} {value:.6f} against {limit:.6f}")

    def _blame(self, rule: str, state: State, what: str) -> None:
        self.violations.append(Violation(rule, state.session, what))


class Closes:
    """Raw closes up to the session before one, of every symbol."""

    def __init__(self, row: int) -> None:
        first = max(0, row - WINDOW)
        self._closes = table()[0][first:row]
        self.last = {symbol: float(self._closes[-1, n]) for symbol, n in table()[1].items()}

    @cache  # noqa: B019 - a handful of sessions at a time
    def returns(self, symbol: str) -> np.ndarray:
        """Daily returns of a symbol, oldest first."""
        closes = self._closes[:, table()[1][symbol]]
        return closes[1:] / closes[:-1] - 1.0


@cache
def table() -> tuple[np.ndarray, dict[str, int], np.ndarray]:
    """The closes as the package ships them: (sessions, symbols), columns, dates."""
    from skfolio.datasets import load_sp500_dataset

    frame = load_sp500_dataset()
    return frame.to_numpy(float), {str(s): n for n, s in enumerate(frame.columns)}, frame.index.to_numpy()


def dates() -> np.ndarray:
    """Every session."""
    return table()[2]


def row_of(session: str) -> int:
    """Where a session stands."""
    row = int(np.searchsorted(dates(), np.datetime64(session)))
    assert dates()[row] == np.datetime64(session), f"{session} is no session"
    return row


_recent: dict[str, Closes] = {}


def closes_before(session: str) -> Closes:
    """What was known on the morning of a session."""
    if session not in _recent:
        _recent.clear()
        Closes.returns.cache_clear()
        _recent[session] = Closes(row_of(session))
    return _recent[session]


def ewma(returns: np.ndarray, span: int = 20) -> float:
    """The daily standard deviation around zero, recent days weighing more."""
    decay = 1.0 - 2.0 / (span + 1.0)
    weights = decay ** np.arange(len(returns))[::-1]
    return float(math.sqrt((weights * returns**2).sum() / weights.sum()))


@cache
def limits() -> dict:
    """The shipped policy's rules, as they stand in the file."""
    return tomllib.loads((ROOT / "risk_engine" / "policy.toml").read_text())["rules"]
