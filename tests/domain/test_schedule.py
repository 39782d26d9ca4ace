from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.errors import BadMandate
from domain.mandate import Instrument, Mandate, Schedule, parse_mandate
from domain.rebalancing import Rebalance, Weather, rebalance_reason
from domain.scan import Style
from domain.schedule import NEW_YORK, History, SlotKind, due, is_rebalance, slots_of, upcoming

START = date(2026, 11, 2)
THANKSGIVING, HALF_DAY = date(2026, 11, 26), date(2026, 11, 27)


class NewYork:
    """Weekdays but Thanksgiving; the day after closes at 13:00."""

    def is_session(self, day):
        return day.weekday() < 5 and day != THANKSGIVING

    def opens(self, session):
        return datetime.combine(session, time(9, 30), NEW_YORK)

    def closes(self, session):
        return datetime.combine(session, time(13) if session == HALF_DAY else time(16), NEW_YORK)


def a_mandate(**schedule):
    return Mandate(
        name="demo",
        start=START,
        starting_cash=1000.0,
        style=Style.TREND,
        universe={"AAPL": Instrument(name="Apple", sector="technology")},
        schedule=Schedule(**{"rebalance": "never", **schedule}),
    )


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK)


def names(slots, kind=SlotKind.RESEARCH):
    return [slot.name for slot in slots if slot.kind is kind]


def listed(mandate, day, history=None):
    return slots_of(mandate, NewYork(), day, history or History())


def test_daily_research_is_named_like_its_session_so_that_pm_run_shares_it():
    assert names(listed(a_mandate(), date(2026, 11, 3))) == ["2026-11-03"]


def test_cron_adds_intraday_research_in_exchange_time_across_the_clock_change():
    mandate = a_mandate(research=("0 11,14 * * *",))
    summer, winter = (
        listed(mandate.model_copy(update={"start": date(2026, 10, 1)}), date(2026, 10, 30)),
        listed(mandate, date(2026, 11, 3)),
    )

    assert names(winter) == ["2026-11-03", "2026-11-03T11:00", "2026-11-03T14:00"]
    eleven = [slot.due_at.astimezone(UTC).hour for day in (summer, winter) for slot in day if "T11" in slot.name]
    assert eleven == [15, 16]


def test_nothing_is_due_on_holidays_and_nothing_is_decided_after_an_early_close():
    mandate = a_mandate(research=("0 11,14 * * *",))

    assert listed(mandate, THANKSGIVING) == ()
    assert names(listed(mandate, HALF_DAY)) == ["2026-11-27", "2026-11-27T11:00"]
    report = next(slot for slot in listed(mandate, HALF_DAY) if slot.kind is SlotKind.REPORT)
    assert report.due_at == at(HALF_DAY, 13, 30)


def test_a_slot_is_due_from_its_time_on_until_it_is_over():
    mandate, day = a_mandate(), date(2026, 11, 3)
    before = History(over=frozenset(slot.name for slot in listed(mandate, date(2026, 11, 2))))

    assert names(due(mandate, NewYork(), at(day, 9, 29), before)) == []
    assert names(due(mandate, NewYork(), at(day, 9, 30), before)) == ["2026-11-03"]
    done = History(over=before.over | {"2026-11-03"})
    assert names(due(mandate, NewYork(), at(day, 9, 30), done)) == []


def test_a_missed_slot_is_late_after_its_deadline_and_told_for_five_days():
    mandate, day = a_mandate(deadline_minutes=60), date(2026, 11, 3)

    (slot,) = [s for s in due(mandate, NewYork(), at(day, 12), History()) if s.name == "2026-11-03"]
    assert slot.is_late(at(day, 10, 31))
    assert not slot.is_late(at(day, 10, 30))
    assert "2026-11-03" not in names(due(mandate, NewYork(), at(day, 12) + timedelta(days=6), History()))


def test_research_before_the_open_may_begin_until_its_deadline_after_the_open():
    (slot,) = [s for s in listed(a_mandate(decide=time(7, 0)), date(2026, 11, 3)) if s.kind is SlotKind.RESEARCH]

    assert slot.due_at == at(date(2026, 11, 3), 7)
    assert slot.deadline == at(date(2026, 11, 3), 10, 30)


def test_what_was_due_before_the_portfolio_ran_by_itself_was_never_due():
    first_start = at(date(2026, 11, 5), 9)

    assert due(a_mandate(), NewYork(), first_start, History(since=first_start)) == ()


def test_the_next_slot_is_found_over_a_long_weekend():
    evening = at(date(2026, 11, 25), 20)

    assert upcoming(a_mandate(), NewYork(), evening, History()).name == "2026-11-27"


def test_a_rebalancing_is_due_after_its_interval_and_every_name_is_its_own():
    mandate = a_mandate(rebalance="biweekly")

    days = [
        day for n in range(30) if (day := START + timedelta(days=n)) and names(listed(mandate, day), SlotKind.REBALANCE)
    ]
    assert days[0] == date(2026, 11, 16)  # ten sessions after the start
    assert is_rebalance(names(listed(mandate, days[0]), SlotKind.REBALANCE)[0])
    again = History(last_rebalance=days[0])
    later = [
        day
        for n in range(30)
        if (day := days[0] + timedelta(days=n)) and names(listed(mandate, day, again), SlotKind.REBALANCE)
    ]
    assert later[0] == date(2026, 12, 1)  # Thanksgiving is no session


def test_yesterdays_rebalancing_is_not_missed_because_of_todays_storm():
    mandate = a_mandate(rebalance="monthly")
    stormy = History(weather=Weather(vix=45.0))

    slots = due(mandate, NewYork(), at(date(2026, 11, 10), 10), stormy)
    assert names(slots, SlotKind.REBALANCE) == ["2026-11-10.rebalance"]


@pytest.mark.parametrize(
    ("passed", "weather", "due_now"),
    [
        (20, Weather(), False),
        (21, Weather(), True),
        (5, Weather(vix=30.0), True),
        (4, Weather(vix=80.0), False),
        (5, Weather(volatility=0.31), True),
        (10, Weather(events=("fomc",)), False),
        (11, Weather(events=("fomc",)), True),
        (21, Weather(vix=12.0, volatility=0.08), False),
        (32, Weather(vix=12.0, volatility=0.08), True),
        (21, Weather(vix=12.0, volatility=0.2), True),
    ],
)
def test_a_monthly_rebalancing_comes_forward_in_a_storm_and_steps_back_in_a_calm(passed, weather, due_now):
    assert bool(rebalance_reason(Rebalance.MONTHLY, passed, weather)) is due_now


def test_a_cron_expression_that_cannot_be_read_stops_the_start_and_is_named():
    text = (
        'name = "x"\nstart = 2026-01-02\nstarting_cash = 1\nstyle = "trend"\n[schedule]\nresearch = ["0 25 * * *"]\n'
        '[universe]\nA = { name = "A", sector = "s" }\n'
    )
    with pytest.raises(BadMandate, match=r"schedule.research.*25"):
        parse_mandate(text, "x.toml")
