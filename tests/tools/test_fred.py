"""FRED: macro series by publication, the VIX, and dates of releases; answers written as FRED documents them."""

import json
from datetime import UTC, date, datetime

import pytest

from domain.errors import AccessDenied, LookAhead, OperatorNeeded, RateLimited, Transient
from domain.market import MacroReading, Provenance
from tests.memory.test_runs import a_snapshot
from tests.standins.vendors import VendorServer
from tools.events.fred import FredEvents
from tools.fred_api import FredSettings
from tools.macro import MACRO
from tools.macro.fred import FredMacro

KEY = "fred-secret-0123456789abcdef"
VALUES = {
    "CPIAUCSL": [("2021-01-01", "262.6"), ("2021-02-01", "263.6"), ("2022-01-01", "281.9"), ("2022-02-01", "284.2")],
    "GDPC1": [("2020-10-01", "18767.8"), ("2021-10-01", "19806.3"), ("2022-01-01", "19735.9")],
    "VIXCLS": [("2022-03-09", "32.45"), ("2022-03-10", "."), ("2022-03-11", "30.75")],
    "DGS10": [("2022-03-10", "1.98"), ("2022-03-11", "2.00")],
    "FEDFUNDS": [("2021-06-01", "0.08")],
}
VINTAGES = [
    ("2021-01-01", "262.2", "2021-02-10"),
    ("2021-02-01", "263.2", "2021-03-10"),
    ("2022-01-01", "281.0", "2022-02-10"),
    ("2022-01-01", "281.9", "2022-03-05"),
    ("2022-02-01", "284.2", "2022-03-10"),
    ("2022-02-01", "284.9", "2022-04-12"),
]


def keyless(path, query):
    rows = VALUES.get(query["id"], [("2022-01-01", ".")])
    return "\n".join([f"observation_date,{query['id']}", *(f"{day},{value}" for day, value in rows)]) + "\n"


def official(path, query):
    if query["series_id"] != "CPIAUCSL":
        return json.dumps({"observations": []})
    told = [
        {"realtime_start": known, "realtime_end": "9999-12-31", "date": day, "value": value}
        for day, value, known in VINTAGES
        if known <= query["realtime_end"]
    ]
    return json.dumps({"observations": told})


def macro(server, key=None):
    return FredMacro(FredSettings(_env_file=None, api_key=key, api_url=server.url, csv_url=server.url))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def named(found):
    return {reading.series: reading for reading in found}


def test_a_series_is_known_from_its_documented_lag_on_not_from_its_period():
    """Consumer prices of February 2022 are out 20 days after the month; the 281.9 of January are 7.35 % above 262.6."""
    with VendorServer(keyless) as server:
        before, after = (named(macro(server).readings(at(day))) for day in ("2022-03-14", "2022-03-21"))

    assert before["CPIAUCSL"].reference == date(2022, 1, 1)
    assert before["CPIAUCSL"].value == pytest.approx(7.3496, abs=1e-3)
    assert after["CPIAUCSL"].reference == date(2022, 2, 1)
    assert after["CPIAUCSL"].provenance is Provenance.DERIVED
    assert before["GDPC1"].reference == date(2021, 10, 1)
    assert before["DGS10"].value == 2.0
    assert before["DGS10"].known_at == at("2022-03-12T05:00")
    assert "FEDFUNDS" not in before


def test_with_a_key_the_value_is_what_was_known_then():
    with VendorServer(official) as server:
        early, late = (named(macro(server, KEY).readings(at(day))) for day in ("2022-03-01", "2022-03-11T06:00"))

    assert early["CPIAUCSL"].value == pytest.approx(100 * (281.0 / 262.2 - 1))
    assert (late["CPIAUCSL"].reference, late["CPIAUCSL"].provenance) == (date(2022, 2, 1), Provenance.REAL)
    assert late["CPIAUCSL"].known_at == at("2022-03-11T05:00")


def test_a_month_that_was_never_published_is_passed_over():
    """As October 2025: a year later there is nothing to compare with, and September stays the newest."""
    months = [("2025-09-01", "324.4"), ("2026-09-01", "334.1"), ("2026-10-01", "335.0")]

    with VendorServer(
        lambda _, q: "\n".join([f"observation_date,{q['id']}", *(f"{d},{v}" for d, v in months)])
    ) as server:
        found = named(macro(server).readings(at("2026-11-26")))

    assert found["CPIAUCSL"].reference == date(2026, 9, 1)
    assert found["CPIAUCSL"].value == pytest.approx(2.990, abs=1e-3)


def test_the_vix_is_yesterdays_close_and_none_when_it_is_old():
    with VendorServer(keyless) as server:
        feed = macro(server)

        assert feed.vix(at("2022-03-11T22:00")) == 32.45
        assert feed.vix(at("2022-03-14T13:30")) == 30.75
        assert feed.vix(at("2022-06-01")) is None
    assert MACRO["fred"] is FredMacro


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, "no"), Transient),
        ((429, "slow"), RateLimited),
        ((403, "key"), AccessDenied),
        ("<html>maintenance</html>", Transient),
        ("observation_date,CPIAUCSL\nsoon,1\n", Transient),
        ('{"observations": [{"date": 3}]}', Transient),
        ("{", Transient),
    ],
)
def test_what_can_not_be_read_is_told_and_the_key_never_is(answer, error):
    with VendorServer(lambda *_: answer) as server:
        for key in (None, KEY):
            if key and isinstance(answer, str) and answer.startswith("obs"):
                continue
            with pytest.raises(error) as caught:
                macro(server, key).readings(at("2022-03-14"))
            assert KEY not in str(caught.value)


def test_a_reading_of_the_future_is_refused_in_a_snapshot():
    snapshot = a_snapshot()
    late = MacroReading(
        series="X", name="x", value=1.0, unit="%", reference=date(2017, 1, 1), known_at=snapshot.as_of
    )  # fmt: skip

    with pytest.raises(LookAhead, match="X of"):
        type(snapshot).model_validate(snapshot.model_dump() | {"macro": (late,)})


def test_release_dates_become_events_and_a_kind_without_a_coming_date_is_not_covered():
    def dates(path, query):
        days = {"10": ["2025-09-11", "2025-11-13"], "50": ["2025-09-05"]}[query["release_id"]]
        return json.dumps({"release_dates": [{"release_id": 10, "date": day} for day in days]})

    with VendorServer(dates) as server:
        source = FredEvents(FredSettings(_env_file=None, api_key=KEY, api_url=server.url))
        told = source.calendar(("AAPL",), at("2025-09-10"), at("2025-10-20"))

    assert [(event.kind, event.at) for event in told.events] == [("cpi", at("2025-09-11T12:30"))]
    assert told.covers == ("cpi",)
    assert told.fetched_at == at("2025-09-10")


def test_release_dates_need_the_key():
    with pytest.raises(OperatorNeeded, match="FRED_API_KEY is not set"):
        FredEvents(FredSettings(_env_file=None)).calendar((), at("2025-09-10"), at("2025-10-20"))
