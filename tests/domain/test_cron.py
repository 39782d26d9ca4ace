from datetime import date, time, timedelta

import pytest
from celery.schedules import crontab
from hypothesis import given
from hypothesis import strategies as st

from domain.cron import parse_cron
from domain.errors import BadInput

MONDAY = date(2017, 5, 29)


def test_an_expression_fires_at_its_times_on_its_days():
    cron = parse_cron("0,30 9-11/2 * * mon-fri")

    assert list(cron.times(MONDAY)) == [time(9, 0), time(9, 30), time(11, 0), time(11, 30)]
    assert list(cron.times(MONDAY - timedelta(days=1))) == []


def test_day_of_month_and_day_of_week_are_alternatives_when_both_are_given():
    cron = parse_cron("0 9 1 * fri")

    assert cron.on(date(2017, 6, 1))  # a Thursday, the first
    assert cron.on(date(2017, 6, 2))  # a Friday
    assert not cron.on(date(2017, 6, 5))


def test_seven_is_sunday_too():
    assert parse_cron("0 9 * * 7").on(date(2017, 5, 28))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("9 30 * *", "4 fields"),
        ("61 9 * * *", "minute"),
        ("0 9-8 * * *", "hour"),
        ("0 9 * foo *", "month"),
        ("x", "fields"),
    ],
)
def test_what_is_no_cron_expression_is_refused_by_field(text, named):
    with pytest.raises(BadInput, match=named):
        parse_cron(text)


FIELD = {
    "minute": st.sampled_from(["*", "*/15", "0", "5,35", "10-20/5"]),
    "hour": st.sampled_from(["*", "9", "9-16/3", "*/6"]),
    "weekday": st.sampled_from(["*", "1-5", "mon,wed", "0", "fri"]),
}


@given(**FIELD)
def test_it_reads_fields_like_celerys_crontab(minute, hour, weekday):
    ours, theirs = parse_cron(f"{minute} {hour} * * {weekday}"), crontab(minute, hour, weekday)

    assert (ours.minutes, ours.hours, ours.weekdays) == (theirs.minute, theirs.hour, theirs.day_of_week)
