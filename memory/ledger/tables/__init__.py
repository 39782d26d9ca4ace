"""The tables of the ledger, all of them registered in METADATA."""

from memory.ledger.tables.adjustment import AdjustmentRow
from memory.ledger.tables.audit import AuditHeadRow, AuditTableRow
from memory.ledger.tables.base import METADATA, Row
from memory.ledger.tables.calibration import CalibrationRow
from memory.ledger.tables.episodes import EpisodeRow, OutcomeRow
from memory.ledger.tables.external import ExternalOrderRow
from memory.ledger.tables.jobs import JobRow, ProcessRow, ReplayPositionRow
from memory.ledger.tables.orders import BrokerOrderRow, FillRow, IntentRow, PositionRow
from memory.ledger.tables.outbox import OutboxRow
from memory.ledger.tables.people import CardRow, ConsentRow, TelegramUpdateRow, ToldRow
from memory.ledger.tables.portfolio import (
    BreakerActRow,
    ControlRow,
    EquityPointRow,
    FlowRow,
    MismatchRow,
    PortfolioRow,
)
from memory.ledger.tables.proposals import ApprovalRow, ProposalRow, ReservationRow, VerdictRow
from memory.ledger.tables.runs import (
    ModelCallRow,
    PolicyPinRow,
    ResearchNoteRow,
    RunRow,
    SnapshotRow,
    SpendHoldRow,
    ThesisRow,
)

__all__ = [
    "METADATA",
    "AdjustmentRow",
    "ApprovalRow",
    "AuditHeadRow",
    "AuditTableRow",
    "BreakerActRow",
    "BrokerOrderRow",
    "CalibrationRow",
    "CardRow",
    "ConsentRow",
    "ControlRow",
    "EpisodeRow",
    "EquityPointRow",
    "ExternalOrderRow",
    "FillRow",
    "FlowRow",
    "IntentRow",
    "JobRow",
    "MismatchRow",
    "ModelCallRow",
    "OutboxRow",
    "OutcomeRow",
    "PolicyPinRow",
    "PortfolioRow",
    "PositionRow",
    "ProcessRow",
    "ProposalRow",
    "ReplayPositionRow",
    "ResearchNoteRow",
    "ReservationRow",
    "Row",
    "RunRow",
    "SnapshotRow",
    "SpendHoldRow",
    "TelegramUpdateRow",
    "ThesisRow",
    "ToldRow",
    "VerdictRow",
]
