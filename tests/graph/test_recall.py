"""Recall matters, and only where it should: through the real graph, the real index and the baseline analyst."""

from datetime import date, timedelta

import pytest

from agent.analysts.quant import QuantAnalyst
from domain.episodes import Span
from graph.episodes import situation_of
from graph.recall import index_new, memories, with_records
from memory.episodes.index import Mem0Index
from memory.episodes.settings import MemorySettings
from quant.scan import scan_market
from tests.evals.builders import an_episode, an_outcome
from tests.graph.conftest import open_desk

SESSION = date(2017, 5, 26)
LOST = -0.04


@pytest.fixture
def desk(tmp_path):
    index = Mem0Index(tmp_path / "memory", MemorySettings(_env_file=None))
    with open_desk(tmp_path / "home", analyst=QuantAnalyst(), recall=index) as made:
        yield made
    index.close()


def looked_at(desk):
    market = desk.feed.snapshot(tuple(desk.mandate.universe), SESSION, desk.feed.opens(SESSION))
    return market, scan_market(market, desk.mandate.style, desk.mandate.shortlist, {}, ())


def bought(desk):
    """What the baseline decides on this session, by symbol."""
    run = desk.runner.start(SESSION.isoformat()).run
    return {record.proposal.symbol: record for record in desk.ledger.proposals("demo", slot=run.slot)}


def live_through(desk, count, gain=LOST, *, symbol, situation, known=date(2017, 5, 1)):
    """Let the desk have decided `count` times in a situation before, each with an outcome."""
    for number in range(count):
        episode = an_episode(
            f"{symbol}{number}",
            proposal_id=None,
            session=date(2016, 1, 4) + timedelta(days=number),
            symbol=symbol,
            situation=situation,
        )
        desk.ledger.open_episode(episode)
        desk.ledger.save_outcomes([an_outcome(episode, gain, until=known)])


def best(desk):
    """The symbol the baseline buys first, and where it stands."""
    scan = looked_at(desk)[1]
    symbol = min(scan.signals, key=lambda signal: signal.rank).symbol
    return symbol, situation_of(scan, symbol)


def test_twenty_losses_in_the_same_situation_shrink_the_size_and_are_cited(desk, tmp_path):
    symbol, situation = best(desk)
    with open_desk(tmp_path / "blank", analyst=QuantAnalyst()) as blank:
        before = bought(blank)[symbol]
    live_through(desk, 20, symbol=symbol, situation=situation)

    after = bought(desk)[symbol]

    assert after.proposal.position_size_pct <= before.proposal.position_size_pct / 2
    assert {f"{symbol}.own_record_share", f"{symbol}.own_record_gain"} <= set(after.proposal.evidence)
    (thesis,) = [one for one in desk.ledger.theses("demo", SESSION.isoformat()) if one.symbol == symbol]
    assert "Of 20 earlier decisions to buy it like now 0.0% ended higher" in thesis.bear_case
    assert thesis.ungrounded == ()


@pytest.mark.parametrize(
    "kind", ["another situation", "another symbol", "known too late", "too few", "gains", "emptied"]
)
def test_what_is_beside_the_point_changes_no_byte(desk, tmp_path, kind):
    symbol, situation = best(desk)
    with open_desk(tmp_path / "blank", analyst=QuantAnalyst()) as blank:
        before = bought(blank)
    other = next(name for name in desk.mandate.universe if name not in looked_at(desk)[1].shortlist)
    given = {"symbol": symbol, "situation": situation}
    cases = {
        "another situation": given | {"situation": situation | {"regime": "stressed"}},
        "another symbol": given | {"symbol": other},
        "known too late": given | {"known": SESSION},
        "too few": given,
        "gains": given,
        "emptied": given,
    }
    live_through(desk, 9 if kind == "too few" else 20, 0.04 if kind == "gains" else LOST, **cases[kind])
    if kind == "emptied":
        index_new(desk.ctx)
        desk.ctx.recall.clear("demo")

    after = bought(desk)

    sizes = {name: record.proposal.position_size_pct for name, record in after.items()}
    assert sizes == {name: record.proposal.position_size_pct for name, record in before.items()}
    if kind != "gains":
        assert {n: r.proposal for n, r in after.items()} == {n: r.proposal for n, r in before.items()}


def test_emptying_the_memory_restores_what_the_desk_knew_before_and_a_rebuild_brings_it_back(desk):
    symbol, situation = best(desk)
    market, scan = looked_at(desk)
    live_through(desk, 20, symbol=symbol, situation=situation)
    kept = [judged.episode for judged in desk.ledger.judged("demo")]

    remembering = with_records(desk.ctx, scan, market)
    desk.ctx.recall.clear("demo")
    emptied, told = with_records(desk.ctx, scan, market), memories(desk.ctx, scan, [symbol])
    desk.ctx.recall.rebuild("demo", kept)

    assert remembering != scan
    assert (emptied.model_dump_json(), told) == (scan.model_dump_json(), ())
    assert with_records(desk.ctx, scan, market) == remembering


def test_a_model_is_told_similar_decisions_with_their_dates(desk):
    symbol, situation = best(desk)
    live_through(desk, 5, symbol=symbol, situation=situation)
    index_new(desk.ctx)
    market, scan = looked_at(desk)

    told = memories(desk.ctx, scan, [symbol])

    assert len(told) == 3
    assert {memory.symbol for memory in told} == {symbol}
    assert all("-4.0% net of cost" in memory.text for memory in told)
    assert with_records(desk.ctx, scan, market) == scan


def test_recall_tells_nothing_dated_at_or_after_the_session(desk):
    symbol, situation = best(desk)
    live_through(desk, 20, symbol=symbol, situation=situation, known=SESSION)
    index_new(desk.ctx)
    market, scan = looked_at(desk)
    late = an_episode("LATE", proposal_id=None, session=SESSION, symbol=symbol, situation=situation)
    desk.ledger.open_episode(late)
    desk.ledger.save_outcomes([an_outcome(late, 0.5, until=date(2017, 5, 1))])

    assert memories(desk.ctx, scan, [symbol]) == ()
    assert with_records(desk.ctx, scan, market).facts == scan.facts


def test_a_leaking_index_is_caught_by_the_ledger(desk):
    """An index that ignores dates brings nothing up: the ledger is asked what was known."""
    symbol, situation = best(desk)
    live_through(desk, 20, symbol=symbol, situation=situation, known=SESSION)
    index_new(desk.ctx)
    honest = desk.ctx.recall.similar
    leaking = lambda text, portfolio, before, **fields: honest(text, portfolio, date(2099, 1, 1), **fields)  # noqa: E731
    desk.ctx.recall.similar = leaking
    _, scan = looked_at(desk)

    assert memories(desk.ctx, scan, [symbol]) == ()


def test_new_episodes_are_indexed_once(desk):
    desk.runner.start(SESSION.isoformat())
    kept = len(desk.ledger.judged("demo"))

    assert kept > 0
    assert (index_new(desk.ctx), index_new(desk.ctx)) == (kept, 0)
    assert desk.ledger.outbox_waiting(["episode"]) == {}


def test_without_any_outcome_the_index_is_not_even_loaded(desk):
    desk.runner.start(SESSION.isoformat())

    assert desk.ctx.recall._mem0 is None
    assert desk.ledger.judged("demo")[0].after(Span.ONE) is None
