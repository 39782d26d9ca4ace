"""Five-field cron expressions: at which minutes of which days something is due, in the time zone of the reader."""

from collections.abc import Iterator
from datetime import date, time

from domain.errors import BadInput
from domain.value import Value

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FIELDS = ("minute", "hour", "day of month", "month", "day of week")
SPANS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
SUNDAY_TOO = 7


class Cron(Value):
    """One expression, read; each field is the set of numbers that match."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def on(self, day: date) -> bool:
        """Whether it fires on `day`: as in cron, day of month and day of week are alternatives where both are given."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_month and by_week
        return by_month or by_week

    def times(self, day: date) -> Iterator[time]:
        """The times of `day` at which it fires, in order."""
        if self.on(day):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    yield time(hour, minute)


def parse_cron(text: str) -> Cron:
    """Read `minute hour day-of-month month day-of-week`: numbers, names, `*`, lists, ranges and steps.

    Raises:
        BadInput: not five fields, or one that can't match; names the field.
    """
    parts = text.lower().split()
    if len(parts) != len(FIELDS):
        raise BadInput(
            f"cron expression {text!r} has {len(parts)} fields instead of five",
            "write minute, hour, day of month, month, day of week, for example '30 9 * * 1-5'",
        )
    minutes, hours, days, months, weekdays = (
        _field(part, name, span, text) for part, name, span in zip(parts, FIELDS, SPANS, strict=True)
    )
    return Cron(
        text=text,
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        any_day=parts[2].startswith("*"),
        any_weekday=parts[4].startswith("*"),
    )


def _field(part: str, name: str, span: tuple[int, int], text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in part.split(","):
        body, _, step = item.partition("/")
        try:
            found.update(_range(body, name, span, stepped=bool(step))[:: int(step) if step else 1])
        except ValueError:
            raise BadInput(
                f"cron expression {text!r}: {item!r} is no {name}", f"use numbers from {span[0]} to {span[1]}, or *"
            ) from None
    return frozenset(0 if name == FIELDS[4] and number == SUNDAY_TOO else number for number in found)


def _range(body: str, name: str, span: tuple[int, int], *, stepped: bool) -> range:
    low, high = span
    last = SUNDAY_TOO if name == FIELDS[4] else high
    if body == "*":
        return range(low, high + 1)
    first, dash, end = body.partition("-")
    start = _number(first, name)
    stop = _number(end, name) if dash else high if stepped else start
    if not low <= start <= stop <= last:
        raise ValueError(body)
    return range(start, stop + 1)


def _number(word: str, name: str) -> int:
    if name == FIELDS[4] and word in DAYS:
        return DAYS.index(word)
    if name == FIELDS[3] and word in MONTHS:
        return MONTHS.index(word) + 1
    if not word.isdigit():
        raise ValueError(word)
    return int(word)
