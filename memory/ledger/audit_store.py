"""Reading, extending and verifying the audit chain."""

import json
from collections.abc import Iterator, Mapping

from sqlmodel import col, select

from domain.records import AuditRow
from memory.ledger import chain as chains
from memory.ledger.part import Part
from memory.ledger.tables import AuditTableRow

PAGE = 500


class AuditPart(Part):
    """Implements `domain.storage.AuditStore`."""

    def audit(
        self, chain: str, action: str, subject: str, detail: Mapping[str, str | int | float | bool | None], actor: str
    ) -> None:
        """Append one audit row."""
        with self._database.write(chain) as session:
            self._note(session, chain, action, subject, detail, actor)

    def audit_rows(self, chain: str, after: int = 0) -> Iterator[AuditRow]:
        """Read a chain from its beginning, or from behind the row numbered `after`, a page at a time."""
        seen = after
        while True:
            statement = (
                select(AuditTableRow)
                .where(AuditTableRow.chain == chain, col(AuditTableRow.sequence) > seen)
                .order_by(col(AuditTableRow.sequence))
                .limit(PAGE)
            )
            with self._database.read() as session:
                page = [_to_row(row) for row in session.exec(statement)]
            yield from page
            if len(page) < PAGE:
                return
            seen = page[-1].sequence

    def verify_audit(self) -> dict[str, int]:
        """Recompute every chain; return its length; raises LedgerDamaged naming the first broken row."""
        with self._database.read() as session:
            return chains.verify(session)


def _to_row(row: AuditTableRow) -> AuditRow:
    return AuditRow.model_validate(row.model_dump() | {"detail": json.loads(row.detail)})
