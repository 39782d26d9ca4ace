import csv
import gzip
import importlib.util
import json
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from domain.errors import BadInput, NoData
from domain.market import MacroReading, Provenance
from domain.scan import Regime, Style
from quant.scan import scan_market

NAMES = [f"S{index:02d}" for index in range(20)]


@pytest.fixture
def snapshot(snapshot_of, walk):
    return snapshot_of(dict(zip(NAMES, walk(756, 20).T, strict=True)))


def recorded(last: date, sessions: int) -> dict[str, np.ndarray]:
    (folder,) = importlib.util.find_spec("skfolio").submodule_search_locations
    with gzip.open(Path(folder, "datasets/data/sp500_dataset.csv.gz"), "rt") as file:
        header, *rows = csv.reader(file)
    known = [row for row in rows if date.fromisoformat(row[0][:10]) <= last][-sessions:]
    return dict(zip(header[1:], np.array([row[1:] for row in known], dtype=float).T, strict=True))


@pytest.mark.parametrize("style", Style)
def test_the_same_snapshot_gives_the_same_scan_in_any_order_of_symbols(snapshot, style):
    reversed_history = dict(reversed(snapshot.history.items()))

    again = scan_market(snapshot.model_copy(update={"history": reversed_history}), style, 5, ["S03", "S01"])

    assert again.digest == scan_market(snapshot, style, 5, {"S01": date(2020, 1, 2), "S03": date(2020, 1, 3)}).digest


@pytest.mark.parametrize("style", Style)
def test_every_symbol_has_a_signal_with_its_track_record(snapshot, style):
    scan = scan_market(snapshot, style, 5, [])

    assert [signal.rank for signal in scan.signals] == list(range(1, 21))
    assert [signal.score for signal in scan.signals] == sorted((s.score for s in scan.signals), reverse=True)
    assert all(signal.hit_rate is not None and signal.cases > 1000 for signal in scan.signals)
    assert scan.shortlist == (*(signal.symbol for signal in scan.signals[:4]), scan.signals[-1].symbol)


def test_facts_have_unique_ids_sentences_and_numbers_of_six_decimals(snapshot):
    scan = scan_market(snapshot, Style.TREND, 5, [])

    assert len({fact.id for fact in scan.facts}) == len(scan.facts) == 5 + 20 * 8
    assert all(fact.text and fact.value == round(fact.value, 6) for fact in scan.facts)
    assert {fact.session for fact in scan.facts} == {snapshot.sessions[-1]}
    assert {fact.id.removeprefix("S07.") for fact in scan.facts_of("S07")} == {
        "rank", "volatility_20", "hit_rate", "momentum_12_1", "return_5", "return_21", "drawdown_252", "last_close",
    }  # fmt: skip


def test_facts_say_what_was_calculated(snapshot_of):
    # By hand: A is 100 for 232 sessions and 150 from t-20 on, and 120 at the end; B stays at 50.
    a = np.concatenate([np.full(232, 100.0), np.full(20, 150.0), [120.0]])

    scan = scan_market(snapshot_of({"A": a, "B": np.full(253, 50.0)}), Style.TREND, 2, [])

    facts = {fact.id: fact for fact in scan.facts}
    assert facts["A.momentum_12_1"].value == 0.0
    assert facts["A.return_5"].text == "5-session return -20.0 %"
    assert facts["A.return_21"].value == 0.2
    assert facts["A.drawdown_252"].value == -0.2
    assert facts["B.rank"].text == "rank 2 of 2 by trend, z-score +0.00"
    assert (facts["B.last_close"].value, facts["B.last_close"].provenance) == (50.0, Provenance.SIMULATED)
    assert facts["B.last_close"].text == "last close 50.00 dollars"
    assert facts["MARKET.breadth_200"].value == 0.5
    assert facts["MARKET.return_21"].value == pytest.approx(1.25 * 0.9 - 1.0)
    assert facts["MARKET.drawdown_252"].value == pytest.approx(-0.1)
    assert facts["A.rank"].provenance is Provenance.DERIVED


def test_momentum_is_told_with_its_rank(snapshot_of):
    closes = {"A": np.linspace(100.0, 110.0, 253), "B": np.linspace(100.0, 150.0, 253)}

    scan = scan_market(snapshot_of(closes), Style.MEAN_REVERSION, 2, [])

    # By hand: 231 of 252 steps from 100 to 150.
    assert scan.facts_of("B")[3].text == "12-1 momentum +45.8 %, rank 1 of 2"


def test_the_vix_keeps_its_provenance(snapshot_of, walk):
    closes = dict(zip("AB", walk(260, 2).T, strict=True))

    measured = scan_market(snapshot_of(closes, vix=14.2, vix_provenance=Provenance.REAL), Style.TREND, 2, [])
    unknown = scan_market(snapshot_of(closes, vix=14.2), Style.TREND, 2, [])

    assert [fact.text for fact in measured.facts if fact.id == "MARKET.vix"] == ["VIX 14.2 points (real)"]
    assert [fact.provenance for fact in unknown.facts if fact.id == "MARKET.vix"] == [Provenance.SIMULATED]


def test_equal_signals_are_ordered_by_name(snapshot_of):
    same = np.linspace(100.0, 120.0, 300)

    scan = scan_market(snapshot_of({"C": same, "A": same, "B": same}), Style.TREND, 2, [])

    assert [(signal.symbol, signal.score) for signal in scan.signals] == [("A", 0.0), ("B", 0.0), ("C", 0.0)]
    assert scan.shortlist == ("A", "C")


def test_reviews_come_first_and_never_fall_off_the_short_list(snapshot):
    held = scan_market(snapshot, Style.TREND, 5, NAMES)
    turned = {signal.symbol for signal in held.signals if signal.score < 0.0}

    scan = scan_market(snapshot, Style.TREND, 1, NAMES, expiring=[held.signals[0].symbol])

    assert set(scan.reviews) == turned | {held.signals[0].symbol}
    assert scan.shortlist == scan.reviews


@pytest.mark.parametrize(("style", "needed"), [(Style.TREND, 253), (Style.MEAN_REVERSION, 21)])
def test_too_little_history_says_how_much_is_needed(snapshot_of, walk, style, needed):
    enough = dict(zip("AB", walk(needed, 2).T, strict=True))
    too_little = {symbol: closes[1:] for symbol, closes in enough.items()}

    assert len(scan_market(snapshot_of(enough), style, 5, []).signals) == 2
    with pytest.raises(NoData, match=f"{style.value} needs {needed} sessions .* has {needed - 1}"):
        scan_market(snapshot_of(too_little), style, 5, [])


def test_a_short_history_has_fewer_facts_and_no_made_up_ones(snapshot_of, walk):
    scan = scan_market(snapshot_of(dict(zip("AB", walk(30, 2).T, strict=True))), Style.MEAN_REVERSION, 5, [])

    assert {fact.id.split(".")[1] for fact in scan.facts_of("A")} == {
        "rank", "volatility_20", "return_5", "return_21", "last_close",
    }  # fmt: skip
    assert {fact.id for fact in scan.facts_of("MARKET")} == {"MARKET.volatility_20", "MARKET.return_21"}
    assert scan.signals[0].hit_rate is None


def test_a_snapshot_without_symbols_is_no_data(snapshot_of):
    with pytest.raises(NoData, match="no symbol"):
        scan_market(snapshot_of({}), Style.TREND, 5, [])


def test_a_close_of_zero_is_refused(snapshot_of):
    with pytest.raises(BadInput, match="no price"):
        scan_market(snapshot_of({"A": np.zeros(300)}), Style.TREND, 5, [])


def test_a_scan_is_json(snapshot):
    scan = scan_market(snapshot, Style.TREND, 5, [])

    assert json.loads(scan.model_dump_json())["regime"] in set(Regime)
    assert "-0.0," not in scan.model_dump_json()


def test_recorded_prices_of_may_2017_name_the_year_s_winners(snapshot_of):
    # The five strongest of the twenty recorded companies, looked up beforehand in the data itself.
    scan = scan_market(snapshot_of(recorded(date(2017, 5, 25), 756)), Style.TREND, 5, [])

    assert {signal.symbol for signal in scan.signals[:5]} == {"AMD", "BBY", "BAC", "AAPL", "JPM"}
    assert scan.shortlist == ("AMD", "BBY", "BAC", "AAPL", "RRC")


def test_macro_series_are_facts_of_the_day_they_were_published(snapshot):
    reading = MacroReading(
        series="CPIAUCSL",
        name="consumer prices against a year before",
        value=7.3496,
        unit="%",
        reference=date(2010, 1, 1),
        known_at=datetime(2010, 2, 20, 5, tzinfo=UTC),
        provenance=Provenance.DERIVED,
    )

    scan = scan_market(snapshot.model_copy(update={"macro": (reading,)}), Style.TREND, 5, [])

    (fact,) = [one for one in scan.facts_of("MARKET") if one.id == "MARKET.cpiaucsl"]
    assert (fact.value, fact.session, fact.provenance) == (7.3496, date(2010, 2, 20), Provenance.DERIVED)
    assert fact.text == (
        "consumer prices against a year before 7.35 % of the period from 2010-01-01, known since 2010-02-20 (derived)"
    )
