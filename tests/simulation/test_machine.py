"""The graphs driven node by node do what the compiled ones do, in the same order."""

from langgraph.checkpoint.memory import InMemorySaver

from graph.decide import build_decide
from graph.settle import build_settle
from tests.graph.conftest import open_desk
from workers.simulation.machine import Machine


def the_story_of(desk):
    """One run and a person's batch with a yes and a no: every node and every edge of both machines."""
    nodes = []
    desk.analyst.proposals = [desk.buy("AAPL"), desk.buy("JPM", confidence=0.5), desk.buy("XOM", confidence=0.1)]
    desk.runner.start("2017-05-26", progress=lambda node, subject: nodes.append((node, subject)))
    desk.propose(desk.buy("KO", risk_level="high"), desk.buy("PG", risk_level="high"))
    for record, answer in zip(desk.waiting(), ("approve", "reject"), strict=True):
        desk.answer(record, answer)
    desk.runner.settle(lambda node, subject: nodes.append((node, subject)))
    statuses = {r.proposal.symbol: r.status.value for r in desk.ledger.proposals(desk.mandate.name)}
    rows = [(row.action, row.subject) for row in desk.ledger.audit_rows(desk.mandate.name)]
    return nodes, statuses, rows


def test_node_by_node_is_the_same_story_as_the_compiled_graphs(tmp_path):
    with open_desk(tmp_path / "compiled", saver=InMemorySaver()) as desk:
        compiled = the_story_of(desk)
    with open_desk(tmp_path / "driven", saver=InMemorySaver()) as desk:
        threads = {}
        desk.runner._decide = Machine(build_decide(), threads, lambda: None)
        desk.runner._settle = Machine(build_settle(), threads, lambda: None)
        driven = the_story_of(desk)

    thesis = [node for node in compiled[0] if node[0] == "thesis"]
    assert len(thesis) > 1
    assert sorted(driven[0]) == sorted(compiled[0])
    assert [n for n in driven[0] if n not in thesis] == [n for n in compiled[0] if n not in thesis]
    assert driven[1] == compiled[1]
    assert {"done", "declined", "rejected"} <= set(driven[1].values())
    assert driven[2] == compiled[2]
