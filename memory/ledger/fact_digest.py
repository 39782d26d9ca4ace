"""One digest over the facts of a portfolio, free of time on the wall: two replays that did the same have the same."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import Table, inspect, select
from sqlmodel import Session

from domain.ids import canonical
from memory.ledger import tables
from memory.ledger.tables import Row

FACTS: tuple[type[Row], ...] = (
    tables.PortfolioRow,
    tables.FlowRow,
    tables.RunRow,
    tables.ResearchNoteRow,
    tables.ThesisRow,
    tables.ProposalRow,
    tables.VerdictRow,
    tables.ApprovalRow,
    tables.ReservationRow,
    tables.IntentRow,
    tables.BrokerOrderRow,
    tables.FillRow,
    tables.PositionRow,
    tables.EquityPointRow,
    tables.ControlRow,
    tables.BreakerActRow,
    tables.MismatchRow,
    tables.ExternalOrderRow,
    tables.EpisodeRow,
    tables.OutcomeRow,
)
"""What is known under the digest of its content (snapshots, scans, judgements, policies) is covered by being named."""
LEFT_OUT: dict[type[Row], frozenset[str]] = {
    tables.RunRow: frozenset({"attempts", "started_at", "finished_at"}),
    tables.ProposalRow: frozenset({"attempts"}),
    tables.IntentRow: frozenset({"attempt"}),
    tables.MismatchRow: frozenset({"sightings"}),
    tables.ControlRow: frozenset({"resume_asked_by", "resume_asked_at"}),
}
VERSION = "code_version"
"""The key of a verdict's body that says which code gave it: the same verdict of other code is the same fact."""


def digest_facts(session: Session, portfolio: str) -> str:
    """Hash every row of the portfolio, table by table, in the order of their keys."""
    told = hashlib.sha256()
    for kind in FACTS:
        table = inspect(kind).local_table
        assert isinstance(table, Table)
        whose = table.c.get("portfolio")
        columns = [column for column in table.c if column.name not in LEFT_OUT.get(kind, ())]
        wanted = select(*columns).where((table.c.name if whose is None else whose) == portfolio)
        told.update(f"{table.name}\n".encode())
        for row in session.connection().execute(wanted.order_by(*table.primary_key)):
            told.update(canonical([_plain(value) for value in row]).encode() + b"\n")
    return told.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != VERSION}
    return value
