"""The risk policy: every rule with its limits, read from TOML, tightened by the mandate, never loosened."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

from domain.errors import BadPolicy
from domain.ids import digest
from domain.records import BreakerLevels
from domain.trade import SizeLimits
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.rules.daily_loss import DailyLoss
from risk_engine.rules.drawdown import Drawdown
from risk_engine.rules.trade_risk import TradeRisk
from risk_engine.size_policy import SizePolicy
from risk_engine.tables import build, only, table_of, tightened

R = TypeVar("R", bound=Rule)

NOTED = "pass_with_note"
NOTHING: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True)
class Policy:
    """What holds for one portfolio: `rules` in the file's order, disabled ones included.

    `unavailable` names rules that pass with a note where the feed can't know what they need; it is empty unless
    both feed and broker are simulated (`recorded`). `sizing` is how large a trade may be before any rule is asked.
    """

    rules: tuple[Rule, ...]
    disabled: frozenset[str]
    unavailable: frozenset[str]
    recorded: bool
    sizing: SizePolicy

    @cached_property
    def digest(self) -> str:
        """Hash of everything that can change a verdict."""
        return digest(
            {
                "rules": [[rule.name, rule.name not in self.disabled, rule.model_dump()] for rule in self.rules],
                "unavailable": sorted(self.unavailable),
                "sizing": self.sizing.model_dump(),
            }
        )

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """What this policy takes for granted, as sentences for a report."""
        noted = f"on recorded data these rules pass with a note: {', '.join(sorted(self.unavailable))}"
        off = f"disabled by policy: {', '.join(sorted(self.disabled))}"
        return (*((noted,) if self.unavailable else ()), *((off,) if self.disabled else ()))

    def breaker_levels(self) -> BreakerLevels:
        """Tell where the breakers act: the levels that `drawdown` and `daily_loss` judge by."""
        drawdown, daily = self.find(Drawdown), self.find(DailyLoss)
        return BreakerLevels(
            drawdown_reducing=drawdown.reducing if drawdown else None,
            drawdown_halted=drawdown.halted if drawdown else None,
            daily_reducing=daily.reducing if daily else None,
            daily_halted=daily.halted if daily else None,
        )

    def size_limits(self) -> SizeLimits:
        """Tell what sizing keeps to: its own budget, and the soft limit of `trade_risk` for what a stop may cost."""
        risk = self.find(TradeRisk)
        return SizeLimits(
            position_volatility=self.sizing.position_volatility,
            span=self.sizing.span,
            stop_risk=risk.soft if risk else None,
            close_factor=risk.close_factor if risk else 1.0,
        )

    def find(self, kind: type[R]) -> R | None:
        """The rule of this kind, or None when it is disabled."""
        return next((r for r in self.rules if isinstance(r, kind) and r.name not in self.disabled), None)


def load_policy(
    text: str, source: str, *, recorded: bool, tighten: Mapping[str, Mapping[str, Any]] = NOTHING
) -> Policy:
    """Read a policy and apply a mandate's tighter limits; `recorded` when both feed and broker are simulated.

    Raises:
        BadPolicy: not TOML; an unknown, missing or wrong rule, key or value; a limit that the mandate would loosen.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy(f"{source}: not valid TOML: {error}", "correct the file") from None
    known = RULES.names()
    only(raw, ("sizing", "rules", "unavailable"), f"{source}: unknown key")
    tables = table_of(raw.get("rules", {}), f"{source}: [rules]")
    only(tables, known, f"{source}: unknown rule")
    only(tighten, (*known, SizePolicy.name), "the mandate's limits: unknown rule")
    for name in known:
        if name not in tables:
            raise BadPolicy(
                f"{source}: rule {name!r} is missing", f"add [rules.{name}]; `enabled = false` turns it off"
            )
    rules, disabled = [], set()
    for name, table in tables.items():
        rule, enabled = _rule(name, table_of(table, f"{source}: [rules.{name}]"), source)
        rule, enabled = tightened(
            rule, table_of(tighten.get(name, {}), f"the mandate's limits.{name}"), enabled=enabled
        )
        rules.append(rule)
        disabled |= set() if enabled else {name}
    unavailable = _unavailable(raw.get("unavailable", {}), known, source)
    sizing = _sizing(raw, source, table_of(tighten.get(SizePolicy.name, {}), "the mandate's limits.sizing"))
    return Policy(tuple(rules), frozenset(disabled), unavailable if recorded else frozenset(), recorded, sizing)


def _sizing(raw: Mapping[str, Any], source: str, wanted: Mapping[str, Any]) -> SizePolicy:
    where = f"{source}: [sizing]"
    policy = build(SizePolicy, table_of(raw.get("sizing", {}), where), where)
    return tightened(policy, wanted, enabled=True)[0]


def _rule(name: str, table: Mapping[str, Any], source: str) -> tuple[Rule, bool]:
    enabled = table.get("enabled", True)
    if not isinstance(enabled, bool):
        raise BadPolicy(f"{source}: [rules.{name}] enabled = {enabled!r}", "write true or false")
    return build(RULES[name], {k: v for k, v in table.items() if k != "enabled"}, f"{source}: [rules.{name}]"), enabled


def _unavailable(raw: Any, known: tuple[str, ...], source: str) -> frozenset[str]:
    table = table_of(raw, f"{source}: [unavailable]")
    only(table, ("recorded",), f"{source}: [unavailable] unknown key")
    names = table_of(table.get("recorded", {}), f"{source}: [unavailable.recorded]")
    only(names, known, f"{source}: [unavailable.recorded] unknown rule")
    for name, value in names.items():
        if value != NOTED:
            raise BadPolicy(f"{source}: [unavailable.recorded] {name} = {value!r}", f'write "{NOTED}"')
    return frozenset(names)
