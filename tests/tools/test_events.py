"""Calendars of events from a file and from Alpha Vantage."""

from datetime import UTC, datetime

import pytest

from domain.errors import BadInput, OperatorNeeded, RateLimited, Transient
from tests.standins.vendors import VendorServer
from tools.alpha_vantage_api import AlphaVantageSettings
from tools.events import EVENTS
from tools.events.alpha_vantage import AlphaVantageEvents
from tools.events.file import EventsFileSettings, FileEvents

KEY = "AV-SECRET-1"
EARNINGS = """symbol,name,reportDate,fiscalDateEnding,estimate,currency
AAPL,Apple Inc,2025-10-30,2025-09-30,1.77,USD
ZZZZ,Other,2025-10-29,2025-09-30,,USD
MSFT,Microsoft,2025-12-29,2025-09-30,3.65,USD
"""


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_shipped_file_knows_the_central_banks_days_and_nothing_it_does_not_know():
    told = FileEvents(EventsFileSettings(_env_file=None)).calendar(("AAPL",), at("2022-03-01"), at("2022-06-01"))

    assert [event.at for event in told.events] == [at("2022-03-16T18:00"), at("2022-05-04T18:00")]
    assert told.covers == ("fomc",)
    assert {"file", "fred", "alpha_vantage"} <= set(EVENTS.names())


def test_a_year_that_the_file_is_not_complete_for_is_not_covered():
    source = FileEvents(EventsFileSettings(_env_file=None))

    assert source.calendar((), at("2018-03-01"), at("2018-06-01")).covers == ()
    assert source.calendar((), at("2024-12-20"), at("2025-01-20")).covers == ()


def test_a_file_of_ones_own_has_its_age(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'checked = 2025-10-20\n[cpi]\nyears = [2025]\ndays = ["2025-10-24"]\n'
        '[earnings]\nyears = [2025]\nAAPL = ["2025-10-30"]\nKO = ["2025-10-21"]\n'
    )

    told = FileEvents(EventsFileSettings(_env_file=None, events_file=path)).calendar(
        ("AAPL",), at("2025-10-20"), at("2025-11-20")
    )

    assert [(event.kind, event.symbol, event.at) for event in told.events] == [
        ("cpi", None, at("2025-10-24T12:30")),
        ("earnings", "AAPL", at("2025-10-30T16:00")),
    ]
    assert told.covers == ("cpi", "earnings")
    assert told.fetched_at == at("2025-10-20")
    assert not told.recorded


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("checked = ", "not valid TOML"),
        ("[cpi]\nyears = [2025]\n", "checked"),
        ('checked = 2025-01-01\n[cpi]\ndays = ["soon"]\n', "cpi.days.0"),
        ('checked = 2025-01-01\n[earnings]\nAAPL = ["soon"]\n', "AAPL"),
        ("checked = 2025-01-01\n[cip]\n", "cip"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path, text, said):
    path = tmp_path / "mine.toml"
    path.write_text(text)

    with pytest.raises(BadInput, match=said):
        FileEvents(EventsFileSettings(_env_file=None, events_file=path)).calendar(
            (), at("2025-01-01"), at("2025-02-01")
        )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="PM_EVENTS_FILE"):
        FileEvents(EventsFileSettings(_env_file=None, events_file=tmp_path / "no.toml")).calendar(
            (), at("2025-01-01"), at("2025-02-01")
        )


def earnings(server, key=KEY):
    return AlphaVantageEvents(AlphaVantageSettings(_env_file=None, api_key=key, url=server.url))


def test_earnings_days_of_the_universe_come_from_one_table():
    with VendorServer(lambda *_: EARNINGS) as server:
        told = earnings(server).calendar(("AAPL", "MSFT"), at("2025-10-20"), at("2025-11-20"))

    assert [(event.symbol, event.at) for event in told.events] == [("AAPL", at("2025-10-30T16:00"))]
    assert told.covers == ("earnings",)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ('{"Information": "Your rate limit is 25 requests per day, key AV-SECRET-1"}', RateLimited),
        ('{"Error Message": "Invalid API call"}', Transient),
        ("symbol,reportDate\nAAPL,soon\n", Transient),
        ((503, ""), Transient),
    ],
)
def test_refusals_that_come_as_an_answer_are_told_without_the_key(answer, error):
    with VendorServer(lambda *_: answer) as server, pytest.raises(error) as caught:
        earnings(server).calendar(("AAPL",), at("2025-10-20"), at("2025-11-20"))

    assert KEY not in str(caught.value)


def test_an_empty_table_covers_nothing_and_a_missing_key_is_named():
    with VendorServer(lambda *_: "symbol,name,reportDate\n") as server:
        assert earnings(server).calendar(("AAPL",), at("2025-10-20"), at("2025-11-20")).covers == ()
        with pytest.raises(OperatorNeeded, match="ALPHAVANTAGE_API_KEY"):
            earnings(server, None).calendar(("AAPL",), at("2025-10-20"), at("2025-11-20"))
