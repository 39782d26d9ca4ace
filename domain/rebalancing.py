"""When a portfolio is looked at as a whole: every so many sessions, earlier in a storm, later in a calm."""

from enum import StrEnum

from domain.value import Value

SOONEST = 5
"""Sessions that pass between two rebalancings, whatever the weather."""
STORM_VIX = 30.0
STORM_VOLATILITY = 0.30
"""Annualised, the level at which the scan calls the market stressed."""
CALM_VIX = 15.0
CALM_VOLATILITY = 0.12
STEP_BACK = 1.5
"""In a calm the interval is this much longer."""
EVENT_SHARE = 0.5
"""A macro event brings a rebalancing forward once this share of the interval has passed."""


class Rebalance(StrEnum):
    """How often, in a market that is neither calm nor stormy."""

    NEVER = "never"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"

    @property
    def sessions(self) -> int:
        """The interval in sessions; 0 for never."""
        return {Rebalance.NEVER: 0, Rebalance.BIWEEKLY: 10, Rebalance.MONTHLY: 21}[self]


class Weather(Value):
    """What the last look at the market saw; None where nobody knows.

    `vix` in points; `volatility` annualised, a fraction; `events` the macro events of the last session and today.
    """

    vix: float | None = None
    volatility: float | None = None
    events: tuple[str, ...] = ()

    @property
    def storm(self) -> str:
        """Which measure says storm, in words; empty when none does."""
        if self.vix is not None and self.vix >= STORM_VIX:
            return f"VIX {self.vix:.1f} is at {STORM_VIX:g} or above"
        if self.volatility is not None and self.volatility >= STORM_VOLATILITY:
            return f"volatility {self.volatility:.0%} is at {STORM_VOLATILITY:.0%} or above"
        return ""

    @property
    def calm(self) -> bool:
        """Whether all that is known is low; knowing nothing is not calm."""
        known = [
            *([self.vix < CALM_VIX] if self.vix is not None else []),
            *([self.volatility < CALM_VOLATILITY] if self.volatility is not None else []),
        ]
        return bool(known) and all(known)


def rebalance_reason(every: Rebalance, sessions_passed: int, weather: Weather) -> str:
    """Say why a rebalancing is due `sessions_passed` after the last one; empty when it is not.

    The interval is that of `every`; a storm makes it `SOONEST`, a macro event half of it, a calm half as long again.
    """
    interval = every.sessions
    if not interval or sessions_passed < SOONEST:
        return ""
    if weather.storm:
        return f"brought forward: {weather.storm}"
    if weather.events and sessions_passed >= interval * EVENT_SHARE:
        return f"brought forward: {', '.join(weather.events)}"
    if weather.calm:
        return "the longer interval of a calm has passed" if sessions_passed >= interval * STEP_BACK else ""
    return f"{every.value}: {sessions_passed} sessions have passed" if sessions_passed >= interval else ""
