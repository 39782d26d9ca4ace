"""Episodes, and reading the audit chain."""

import json
from collections.abc import Iterator, Mapping

from sqlmodel import col, select

from domain.records import AuditRow, Episode
from memory.ledger import chain as chains
from memory.ledger.part import Part
from memory.ledger.proposal_rows import hold_proposal
from memory.ledger.sql import insert_once
from memory.ledger.tables import AuditTableRow, EpisodeRow

PAGE = 500


class EpisodePart(Part):
    """Implements `domain.storage.EpisodeStore`."""

    def open_episode(self, episode: Episode) -> None:
        """Store an episode once, which marks its proposal as remembered; raises NotFound."""
        row = EpisodeRow(
            proposal_id=episode.proposal_id,
            portfolio=episode.portfolio,
            session=episode.session,
            body=episode.model_dump(mode="json"),
        )
        with self._database.write(episode.portfolio) as session:
            proposal = hold_proposal(session, episode.proposal_id)
            if insert_once(session, row):
                proposal.remembered = True
                detail = {"decision": episode.decision, "status": episode.status.value}
                self._note(session, episode.portfolio, "episode_opened", f"P-{episode.proposal_id}", detail)

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
