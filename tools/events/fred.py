"""Release dates of consumer prices and jobs from FRED (needs FRED_API_KEY); fresh each time it is asked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from domain.errors import Transient
from domain.market import Event, EventCalendar
from tools.events import EVENTS
from tools.fred_api import Fred, FredSettings

NEW_YORK = ZoneInfo("America/New_York")
RELEASES = {"cpi": ("10", time(8, 30)), "jobs": ("50", time(8, 30))}
"""FRED's number of each release, and the time of day (New York) at which it comes out.

The central bank's release is not among them: FRED dates it daily, because its target rate is a daily series.
"""


@EVENTS.register
class FredEvents:
    """Implements `domain.ports.Events`; a kind that FRED tells no coming date of is not covered."""

    name = "fred"

    def __init__(self, settings: FredSettings | None = None) -> None:
        self._fred = Fred(settings)

    def calendar(self, symbols: Sequence[str], since: datetime, until: datetime) -> EventCalendar:  # noqa: ARG002 - these concern all
        """Tell the releases in [since, until); they are fetched now, and said to be as old as `since`."""
        events: list[Event] = []
        covers: list[str] = []
        for kind, (release, at) in RELEASES.items():
            moments = [datetime.combine(day, at, NEW_YORK).astimezone(UTC) for day in self._days(release, since.date())]
            if any(moment >= since for moment in moments):
                covers.append(kind)
            events += [Event(kind=kind, at=moment) for moment in moments if since <= moment < until]
        return EventCalendar(
            events=tuple(sorted(events, key=lambda event: (event.at, event.kind))),
            covers=tuple(covers),
            fetched_at=since,
        )

    def _days(self, release: str, since: date) -> list[date]:
        told = self._fred.ask(
            "release/dates",
            {
                "release_id": release,
                "realtime_start": since.isoformat(),
                "realtime_end": "9999-12-31",
                "include_release_dates_with_no_data": "true",
                "sort_order": "asc",
                "limit": "100",
            },
        )
        try:
            return [date.fromisoformat(one["date"]) for one in told["release_dates"]]
        except (KeyError, TypeError, ValueError):
            raise Transient(f"FRED's dates of release {release} can't be read") from None
