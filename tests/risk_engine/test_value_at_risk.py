import numpy as np
import pytest

from domain.verdict import Outcome
from quant.moments import ewma_volatility
from tests.risk_engine.builders import a_book, a_market, a_policy, a_trade, an_exit, checked, judged, said, with_bars


def falling(every, by, days=253):
    """Flat, but for a fall of `by` every so many sessions, the last of which are quiet."""
    steps = np.zeros(days - 1)
    steps[:-(60)] = [-by if n % every == 0 else 0.0 for n in range(days - 61)]
    closes = np.concatenate([[1.0], np.cumprod(1.0 + steps)])
    return with_bars(a_market(days=days), "AAPL", closes=tuple((100.0 * closes / closes[-1]).tolist()))


# 192 sessions with a fall of 10 % every tenth: 20 of 252 falls, of which 12 may be worse
OFTEN = falling(10, 0.10)
# every twentieth: 10 of 252, which all lie in the tail
SELDOM = falling(20, 0.10)


@pytest.mark.parametrize(
    ("units", "outcome"),
    [
        (170.0, Outcome.PASS),
        (180.0, Outcome.ALERT),  # 1.8 % is over 70 % of 2.5 %
        (250.0, Outcome.ALERT),
        (251.0, Outcome.SOFT),
        (400.0, Outcome.SOFT),
        (401.0, Outcome.HARD),
    ],
)
def test_the_loss_of_a_bad_day_is_the_weight_times_the_fall(units, outcome):
    result = checked("value_at_risk", a_trade(quantity=units), market=OFTEN)

    assert (result.outcome, result.largest_quantity) == (outcome, 250.0)
    assert result.observed == pytest.approx(units * 100.0 / 100_000.0 * 0.10)


def test_falls_that_are_rare_enough_lie_in_the_tail():
    result = checked("value_at_risk", a_trade(quantity=200.0), market=SELDOM)

    # what is left is the floor of a quiet time
    assert result.outcome is Outcome.PASS
    assert result.observed < 0.001


def test_present_volatility_is_the_floor():
    moves = np.concatenate([np.zeros(240), np.tile([0.05, -0.05], 6)])
    closes = np.concatenate([[1.0], np.cumprod(1.0 + moves)])
    market = with_bars(a_market(), "AAPL", closes=tuple((100.0 * closes / closes[-1]).tolist()))

    result = checked("value_at_risk", a_trade(quantity=300.0), market=market)

    # 6 falls of 252 are no history; 1.645 standard deviations a day of 30 % of equity are
    daily = float(ewma_volatility(moves, 20)) / np.sqrt(252.0)
    assert result.observed == pytest.approx(1.645 * daily * 0.30)
    assert result.largest_quantity == np.floor(0.025 / (1.645 * daily) * 1000.0)


def test_at_the_largest_quantity_the_measure_is_within_the_limit():
    market, book = a_market(), a_book({"XOM": 900.0, "MSFT": 900.0, "JPM": 200.0})
    trade = a_trade("AAPL", 3_000.0)

    largest = checked("value_at_risk", trade, book, market).largest_quantity

    assert 0.0 < largest < 3_000.0
    assert checked("value_at_risk", trade.of(largest), book, market).observed <= 0.025 + 1e-9


def test_a_book_over_its_limit_before_the_trade_has_no_room():
    result = checked("value_at_risk", a_trade("KO"), a_book({"AAPL": 300.0}), OFTEN)

    assert (result.outcome, result.largest_quantity) == (Outcome.SOFT, 0.0)


def test_too_short_a_history_is_no_basis():
    assert checked("value_at_risk", a_trade(), market=a_market(days=100)).outcome is Outcome.NOT_EVALUATED


def test_exits_are_not_capped():
    verdict = judged(an_exit(), a_book({"AAPL": 900.0}), OFTEN)

    assert said("value_at_risk", verdict).outcome is Outcome.NOT_APPLICABLE


def test_a_hundred_returns_are_enough():
    result = checked("value_at_risk", a_trade(), market=a_market(days=101))

    assert result.outcome is Outcome.PASS
    assert result.message.startswith("on a bad day the book would lose ")


def test_what_does_not_move_loses_nothing_and_is_never_cut():
    market = with_bars(a_market(), "AAPL", closes=(100.0,) * 253)

    result = checked("value_at_risk", a_trade(), market=market)

    assert (result.observed, result.largest_quantity) == (0.0, None)


def test_a_trade_that_makes_a_bad_book_safer_gets_no_credit():
    mirror = tuple(10_000.0 / close for close in OFTEN.history["AAPL"].closes)
    market, book = with_bars(OFTEN, "KO", closes=mirror), a_book({"AAPL": 240.0})

    result = checked("value_at_risk", a_trade("KO", 100.0), book, market)

    assert result.observed == pytest.approx(0.024)


def test_the_floor_is_that_of_the_book_after():
    moves = np.concatenate([np.zeros(240), np.tile([0.05, -0.05], 6)])
    closes = np.concatenate([[1.0], np.cumprod(1.0 + moves)])
    both = tuple((100.0 * closes / closes[-1]).tolist())
    market = with_bars(with_bars(a_market(), "AAPL", closes=both), "MSFT", closes=both)

    result = checked("value_at_risk", a_trade(quantity=100.0), a_book({"MSFT": 200.0}), market)

    daily = float(ewma_volatility(moves, 20)) / np.sqrt(252.0)
    assert result.observed == pytest.approx(1.645 * daily * 0.30)
    assert result.largest_quantity == np.floor(0.025 / (1.645 * daily) * 1000.0) - 200.0


def test_a_book_whose_floor_is_over_the_limit_has_no_room():
    moves = np.concatenate([np.zeros(240), np.tile([0.05, -0.05], 6)])
    closes = np.concatenate([[1.0], np.cumprod(1.0 + moves)])
    market = with_bars(a_market(), "MSFT", closes=tuple((100.0 * closes / closes[-1]).tolist()))

    result = checked("value_at_risk", a_trade(), a_book({"MSFT": 400.0}), market)

    assert (result.outcome, result.largest_quantity) == (Outcome.SOFT, 0.0)


@pytest.mark.parametrize(("bad_days", "largest"), [(10, 99_999.0), (11, 250.0), (12, 250.0), (13, 0.0)])
def test_as_many_bad_days_as_the_tail_allows_leave_room_up_to_the_next(bad_days, largest):
    # of 252 days twelve may be worse than 2.5 %; MSFT, 10 % of equity, falls by half on some
    # (AAPL by 1 %, which changes nothing), AAPL by 10 % on two more
    falls = np.zeros((252, 2))
    falls[:bad_days] = (-0.50, -0.01)
    falls[bad_days : bad_days + 2, 1] = -0.10
    closes = np.vstack([np.ones(2), np.cumprod(1.0 + falls, axis=0)])
    market = a_market()
    for column, symbol in enumerate(("MSFT", "AAPL")):
        path = 100.0 * closes[:, column] / closes[-1, column]
        market = with_bars(market, symbol, closes=tuple(path.tolist()))

    result = checked("value_at_risk", a_trade(), a_book({"MSFT": 100.0}), market)

    # AAPL's days join the bad ones from 25 % of equity on
    assert min(result.largest_quantity, 99_999.0) == largest


def test_a_symbol_that_does_not_move_is_never_cut():
    still = with_bars(a_market(), "AAPL", closes=(100.0,) * 253)

    result = checked("value_at_risk", a_trade(quantity=500.0), market=still)

    assert (result.outcome, result.largest_quantity) == (Outcome.PASS, None)


@pytest.mark.parametrize(("worse", "largest"), [(11, 655.0), (12, 0.0)])
def test_a_day_that_is_just_at_the_limit_is_not_over_it_and_bears_no_more(worse, largest):
    # all in powers of two, so that nothing is rounded; the limit is 1/64 and twelve of 252 days may be worse:
    # XOM, half of the book, halves on some days and then falls by 1/32, AAPL with it and once more
    xom = (*(64.0 * 2.0**n for n in range(worse, -1, -1)), 62.0, *(64.0,) * (251 - worse))
    falls = np.zeros(252)
    falls[[worse, worse + 2]] = -1.0 / 32.0
    aapl = np.concatenate([[1.0], np.cumprod(1.0 + falls)])
    market = with_bars(a_market(), "XOM", closes=xom)
    market = with_bars(market, "AAPL", closes=tuple((100.0 * aapl / aapl[-1]).tolist()))
    book = a_book({"XOM": 1024.0}, equity=2.0**17)

    result = checked("value_at_risk", a_trade(), book, market, policy=a_policy(value_at_risk={"soft": 1.0 / 64.0}))

    # AAPL's other day comes to 1/64 when AAPL is half of the book
    assert result.largest_quantity == largest
