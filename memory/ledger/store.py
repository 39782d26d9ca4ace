"""The ledger: all its stores in one, on one database."""

from pathlib import Path
from typing import Self

from domain.ports import Clock
from domain.storage import Ledger
from memory.ledger.adjustment_store import AdjustmentPart
from memory.ledger.approval_store import ApprovalPart
from memory.ledger.audit_store import AuditPart
from memory.ledger.calibration_store import CalibrationPart
from memory.ledger.control_store import ControlPart
from memory.ledger.episode_store import EpisodePart
from memory.ledger.external_store import ExternalPart
from memory.ledger.figures_store import FiguresPart
from memory.ledger.history_store import HistoryPart
from memory.ledger.job_store import JobPart
from memory.ledger.mismatch_store import MismatchPart
from memory.ledger.opening import open_database
from memory.ledger.opening_postgres import open_postgres
from memory.ledger.order_store import OrderPart
from memory.ledger.outbox_store import OutboxPart
from memory.ledger.people_store import PeoplePart
from memory.ledger.portfolio_store import PortfolioPart
from memory.ledger.proposal_store import ProposalPart
from memory.ledger.research_store import ResearchPart
from memory.ledger.run_store import RunPart
from memory.ledger.spending_store import SpendingPart
from memory.postgres import PostgresUrl


class SqlLedger(
    PortfolioPart,
    ControlPart,
    MismatchPart,
    RunPart,
    ResearchPart,
    SpendingPart,
    ProposalPart,
    ApprovalPart,
    OrderPart,
    ExternalPart,
    EpisodePart,
    AuditPart,
    AdjustmentPart,
    CalibrationPart,
    OutboxPart,
    PeoplePart,
    JobPart,
    FiguresPart,
    HistoryPart,
):
    """Implements `domain.storage.Ledger` and `domain.history.History`; safe for threads and processes."""

    @classmethod
    def open(cls, home: Path, clock: Clock, *, durable: bool = True) -> Self:
        """Open the ledger in `home`, creating or upgrading it as needed; `durable` unless it can be made again.

        Raises:
            LedgerDamaged: what is there is no ledger of ours; nothing is overwritten.
            Busy: others have been opening it for a minute.
        """
        return cls(open_database(home, durable=durable), clock)

    @classmethod
    def open_url(cls, url: PostgresUrl, clock: Clock) -> Self:
        """Open the ledger in a PostgreSQL database, creating or upgrading its tables as needed.

        Raises:
            DatabaseUnreachable: nobody answers there, or not to us.
            LedgerDamaged: the tables there are not ours; nothing is overwritten.
        """
        return cls(open_postgres(url), clock)

    def close(self) -> None:
        """Close all connections; the ledger can't be used afterwards."""
        self._database.close()


def as_ledger(ledger: SqlLedger) -> Ledger:
    """Let the type checker prove that this class is the port."""
    return ledger
