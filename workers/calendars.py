"""The exchange's sessions as a feed knows them: recorded ones in a replay, the exchange's own otherwise."""

from datetime import date, datetime

from domain.errors import NoData
from domain.ports import MarketData


class FeedCalendar:
    """Implements `domain.schedule.Calendar` over a feed."""

    def __init__(self, market: MarketData) -> None:
        self._market = market
        self._known: dict[date, bool] = {}

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens that day; what the feed does not reach is no session."""
        if day not in self._known:
            try:
                self._market.opens(day)
            except NoData:
                self._known[day] = False
            else:
                self._known[day] = True
        return self._known[day]

    def opens(self, session: date) -> datetime:
        """When a session opens (aware, UTC)."""
        return self._market.opens(session)

    def closes(self, session: date) -> datetime:
        """When a session closes (aware, UTC)."""
        return self._market.closes(session)

    def next_session(self, after: date) -> date:
        """Find the first session later than `after`."""
        return self._market.next_session(after)
