from datetime import UTC, date, datetime

from domain.book import Book, Position
from domain.market import Execution, MarketSnapshot, SymbolHistory
from domain.trade import ExitPlan
from graph.exits import due_exits
from tests.graph.conftest import demo_mandate, open_desk, proposal

NEXT = date(2017, 5, 30)


def market(closes):
    days = tuple(date(2017, 5, day) for day in range(1, len(closes) + 1))
    opens = datetime(2017, 5, 26, 13, 30, tzinfo=UTC)
    return MarketSnapshot(
        feed="test",
        simulated=True,
        execution=Execution.CLOSE,
        as_of=opens,
        session=date(2017, 5, 26),
        opens_at=opens,
        closes_at=opens,
        sessions=days,
        history={"KO": SymbolHistory(symbol="KO", closes=tuple(closes))},
    )


def book(quantity=10.0, stop=90.0):
    plan = ExitPlan(stop_price=stop, stop_distance=0.10, horizon=date(2018, 1, 1))
    held = Position(symbol="KO", quantity=quantity, average_price=100, opened=date(2017, 5, 2), plan=plan)
    return Book(portfolio="demo", session=date(2017, 5, 26), cash=0, equity=1000, positions={"KO": held})


def test_a_trailing_stop_follows_the_best_close_since_the_entry():
    """Bought at 100 with a stop at 90; 120 is the best close since, so the stop trails to 108: 107 is below it."""
    falling_back = market([150, 100, 120, 107])

    assert due_exits(book(), falling_back) == ()
    (due,) = due_exits(book(), falling_back, trailing=True)

    assert "108.00" in due.proposal.reason


def test_a_trailing_stop_ignores_what_was_before_the_entry_and_never_moves_back():
    assert due_exits(book(), market([150, 100, 101, 95]), trailing=True) == ()
    assert due_exits(book(stop=96.0), market([150, 100, 101, 95]), trailing=True)


def test_a_short_position_trails_downwards():
    """Sold at 100, stop at 110; 80 is the best close since, so the stop trails to 88."""
    (due,) = due_exits(book(quantity=-10.0, stop=110.0), market([50, 100, 80, 90]), trailing=True)

    assert "88.00" in due.proposal.reason


def test_a_restriction_added_later_sells_the_holding(tmp_path):
    home = tmp_path / "home"
    with open_desk(home) as desk:
        desk.propose(proposal("AAPL"))

    with open_desk(home, session=NEXT, mandate=demo_mandate(restricted={"AAPL": "conflict of interest"})) as desk:
        desk.runner.start("2017-05-30")

        (sold,) = desk.ledger.proposals("demo", slot="2017-05-30")
        assert sold.origin.value == "monitor"
        assert sold.proposal.action.value == "SELL"
        assert "restricted" in sold.proposal.reason
        assert desk.book().positions == {}
        assert any(row.action == "limit_exceeded" for row in desk.ledger.audit_rows("demo"))


def test_a_position_that_has_drifted_over_a_hard_limit_is_brought_back_to_the_soft_one(tmp_path):
    """The limit is tightened below what is held: 6 % held, 3 % soft, 5 % hard; the excess over 3 % is sold."""
    home = tmp_path / "home"
    with open_desk(home) as desk:
        desk.propose(proposal("AAPL", position_size_pct=0.06))

    tight = demo_mandate(limits={"max_position_weight": {"soft": 0.03, "hard": 0.05}})
    with open_desk(home, session=NEXT, mandate=tight) as desk:
        desk.runner.start("2017-05-30")

        after = desk.book()
        weight = after.held("AAPL") * 36.0 / after.equity
        assert 0.025 < weight < 0.032


def test_drift_over_a_soft_limit_is_an_alert_and_sells_nothing(tmp_path):
    home = tmp_path / "home"
    with open_desk(home) as desk:
        desk.propose(proposal("AAPL", position_size_pct=0.06))
        held = desk.book().held("AAPL")

    tight = demo_mandate(limits={"max_position_weight": {"soft": 0.03}})
    with open_desk(home, session=NEXT, mandate=tight) as desk:
        desk.runner.start("2017-05-30")

        assert desk.book().held("AAPL") == held
        assert any(row.action == "limit_alert" for row in desk.ledger.audit_rows("demo"))
