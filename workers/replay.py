"""Make verdicts again from their stored inputs: the same snapshot, book, trades, answer and policy."""

from domain.ids import canonical
from domain.mandate import Mandate
from domain.storage import Ledger
from domain.value import Value
from domain.verdict import RiskVerdict
from graph.gate import judge_again
from risk_engine.engine import Engine
from workers.wiring import load


class Replay(Value):
    """One verdict made again; `differs` names the fields that came out otherwise."""

    version: int
    phase: str
    same: bool
    differs: tuple[str, ...] = ()
    code_version: str = ""


def replay_verdicts(ledger: Ledger, mandate: Mandate, proposal_id: str) -> tuple[Replay, ...]:
    """Recompute every verdict of a proposal with today's code.

    Raises:
        NotFound: an input is not in the ledger.
    """
    return tuple(_replay(ledger, mandate, verdict) for verdict in ledger.verdicts(proposal_id))


def _replay(ledger: Ledger, mandate: Mandate, stored: RiskVerdict) -> Replay:
    judgement = ledger.judgement(stored.judgement or "")
    engine = Engine(load(ledger.policy(judgement.policy)), mandate, stored.code_version)
    again = judge_again(engine, judgement, ledger.snapshot(judgement.snapshot))[stored.proposal_id]
    before, after = stored.model_dump(mode="json"), again.model_dump(mode="json")
    return Replay(
        version=stored.version,
        phase=stored.phase.value,
        same=canonical(before) == canonical(after),
        differs=tuple(name for name in before if before[name] != after[name]),
        code_version=stored.code_version,
    )
