"""Scheduled events that move prices."""

from datetime import datetime, timedelta

from domain.market import Event, EventCalendar, Execution
from domain.trade import Trade
from domain.verdict import Outcome, RuleResult
from risk_engine.limits import Ceiling, CountFloor, Floor, moment
from risk_engine.rule import Rule
from risk_engine.rules import RULES
from risk_engine.situation import Situation

MARKET_WIDE = ("fomc", "cpi", "jobs")


@RULES.register
class EventBlackout(Rule):
    """Ask for entries around central bank, inflation and jobs announcements and the company's own earnings.

    An order that fills on the close is tested at the close.
    """

    fomc_before_minutes: Floor
    fomc_after_minutes: Floor
    data_before_minutes: Floor
    data_after_minutes: Floor
    earnings_days: CountFloor
    calendar_days: Ceiling

    def check(self, trade: Trade, situation: Situation) -> RuleResult:
        """Look for an event nearby, once the calendar is known to be fresh and to cover all kinds."""
        market = situation.market
        calendar = market.calendar
        if calendar is None:
            return self.not_evaluated("no calendar of events")
        at = market.closes_at if market.execution is Execution.CLOSE else market.as_of
        near = next((event for event in calendar.events if self._near(event, trade.symbol, at)), None)
        if near is not None:
            whose = f" of {near.symbol}" if near.symbol else ""
            return self.says(Outcome.SOFT, f"{near.kind}{whose} at {moment(near.at)} is too near")
        missing = self._missing(calendar, trade, situation)
        if missing:
            return self.not_evaluated(missing)
        return self.says(Outcome.PASS, f"no event near {moment(at)}")

    def _near(self, event: Event, symbol: str, at: datetime) -> bool:
        if event.kind == "earnings":
            return event.symbol == symbol and abs((event.at.date() - at.date()).days) <= self.earnings_days
        if event.kind == "fomc":
            before, after = self.fomc_before_minutes, self.fomc_after_minutes
        elif event.kind in MARKET_WIDE:
            before, after = self.data_before_minutes, self.data_after_minutes
        else:
            return False
        return event.at - timedelta(minutes=before) <= at <= event.at + timedelta(minutes=after)

    def _missing(self, calendar: EventCalendar, trade: Trade, situation: Situation) -> str:
        age = (situation.market.as_of - calendar.fetched_at).total_seconds() / 86_400.0
        if not calendar.recorded and age > self.calendar_days:
            return f"the calendar is {age:.1f} days old, {self.calendar_days:g} are allowed"
        member = situation.mandate.universe.get(trade.symbol)
        has_earnings = member is not None and member.kind != "etf"
        wanted = (*MARKET_WIDE, "earnings") if has_earnings else MARKET_WIDE
        unknown = [kind for kind in wanted if kind not in calendar.covers]
        return f"the calendar does not cover {', '.join(unknown)}" if unknown else ""
