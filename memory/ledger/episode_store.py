"""Episodes: opened once, and joined by their outcomes as those become complete."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from domain.episodes import Episode, Judged, Span, TradeOutcome
from domain.errors import NotFound
from domain.orders import BookedFill
from domain.trade import Side
from memory.ledger.outbox_store import post_in
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.proposal_rows import PROPOSALS, proposal_row
from memory.ledger.sql import add_once, insert_once, run
from memory.ledger.tables import EpisodeRow, FillRow, OutcomeRow

MANY = 500
"""So many ids are looked up at once."""

REMEMBERED = Prepared(update(PROPOSALS).where(PROPOSALS.c.id == bindparam("whose")).values(remembered=True))


class EpisodePart(Part):
    """Implements `domain.episodes.EpisodeStore`."""

    def open_episode(self, *episodes: Episode) -> None:
        """Store episodes of a portfolio, each once, which marks their proposals as remembered; raises NotFound."""
        if episodes:
            with self._database.write(episodes[0].portfolio) as session:
                for episode in episodes:
                    self._open(session, episode)

    def unscored(self, portfolio: str, before: date) -> tuple[Judged, ...]:
        """List episodes decided before `before` that lack an outcome of some span, oldest first."""
        open_ones = select(EpisodeRow).where(
            EpisodeRow.portfolio == portfolio, col(EpisodeRow.spans_left) > 0, EpisodeRow.session < before
        )
        with self._database.read() as session:
            return _joined(session, session.exec(open_ones.order_by(col(EpisodeRow.session), EpisodeRow.id)).all())

    def save_outcomes(self, outcomes: Sequence[TradeOutcome]) -> None:
        """Store complete outcomes, each once; raises NotFound for one of an episode that is not there."""
        for portfolio in sorted({outcome.portfolio for outcome in outcomes}):
            with self._database.write(portfolio) as session:
                for outcome in outcomes:
                    if outcome.portfolio == portfolio and _save(session, outcome):
                        trace = {"type": "outcome", "episode": outcome.episode_id, "span": outcome.span.value}
                        key = f"trace:outcome:{outcome.episode_id}:{outcome.span.value}"
                        post_in(session, portfolio, "trace", key, trace, self._clock.wall())

    def judged(
        self, portfolio: str, *, known_before: date | None = None, since: date | None = None
    ) -> tuple[Judged, ...]:
        """List episodes, oldest first, decided from `since` on; with `known_before` what was known before that day."""
        wanted = select(EpisodeRow).where(EpisodeRow.portfolio == portfolio)
        if since is not None:
            wanted = wanted.where(EpisodeRow.session >= since)
        if known_before is not None:
            wanted = wanted.where(EpisodeRow.session < known_before)
        with self._database.read() as session:
            rows = session.exec(wanted.order_by(col(EpisodeRow.session), EpisodeRow.id)).all()
            return _joined(session, rows, known_before)

    def any_outcome(self, portfolio: str, known_before: date) -> bool:
        """Whether anything had become of any decision before a session."""
        first = select(OutcomeRow).where(OutcomeRow.portfolio == portfolio, OutcomeRow.until < known_before)
        with self._database.read() as session:
            return session.exec(first.limit(1)).first() is not None

    def booked_fills(self, portfolio: str) -> tuple[BookedFill, ...]:
        """List every execution of a portfolio, oldest first."""
        mine = select(FillRow).where(FillRow.portfolio == portfolio)
        with self._database.read() as session:
            rows = session.exec(mine.order_by(col(FillRow.at), FillRow.execution_id)).all()
        return tuple(BookedFill.model_validate(row.model_dump(exclude={"portfolio"})) for row in rows)

    def filled_at(self, proposal_id: str, side: Side) -> float | None:
        """Average what a proposal's own executions on `side` cost, in dollars a unit; None where there are none."""
        mine = select(FillRow).where(FillRow.proposal_id == proposal_id, FillRow.side == side)
        with self._database.read() as session:
            fills = session.exec(mine).all()
        units = sum((fill.quantity for fill in fills), Decimal(0))
        return float(sum(fill.quantity * fill.price for fill in fills) / units) if units else None

    def _open(self, session: Session, episode: Episode) -> None:
        if episode.proposal_id:
            proposal_row(session, episode.proposal_id)
        row = {
            "id": episode.id,
            "proposal_id": episode.proposal_id,
            "portfolio": episode.portfolio,
            "symbol": episode.symbol,
            "session": episode.session,
            "spans_left": len(Span),
            "body": episode.model_dump(mode="json"),
        }
        if not add_once(session, EpisodeRow, **row):
            return
        if episode.proposal_id:
            run(session, REMEMBERED, whose=episode.proposal_id)
        key, now = f"episode:{episode.id}", self._clock.wall()
        post_in(session, episode.portfolio, "episode", key, {"id": episode.id}, now)
        subject = f"P-{episode.id}" if episode.proposal_id else f"thesis {episode.symbol}"
        detail = {"decision": episode.decision, "status": episode.status}
        self._note(session, episode.portfolio, "episode_opened", subject, detail)

    def episode(self, episode_id: str, *, known_before: date | None = None) -> Judged | None:
        """Read one episode with its outcomes; with `known_before` only those complete before that session."""
        with self._database.read() as session:
            row = session.get(EpisodeRow, episode_id)
            return _joined(session, [row], known_before)[0] if row else None


def _save(session: Session, outcome: TradeOutcome) -> bool:
    row = OutcomeRow(
        episode_id=outcome.episode_id,
        span=outcome.span.value,
        portfolio=outcome.portfolio,
        until=outcome.until,
        body=outcome.model_dump(mode="json"),
    )
    episode = session.get(EpisodeRow, outcome.episode_id)
    if episode is None:
        raise NotFound(f"no episode has the id {outcome.episode_id}")
    new = insert_once(session, row)
    episode.spans_left -= new
    return new


def _joined(session: Session, rows: Sequence[EpisodeRow], known_before: date | None = None) -> tuple[Judged, ...]:
    found: dict[str, list[TradeOutcome]] = defaultdict(list)
    for start in range(0, len(rows), MANY):
        ids = [row.id for row in rows[start : start + MANY]]
        wanted = select(OutcomeRow).where(col(OutcomeRow.episode_id).in_(ids))
        if known_before is not None:
            wanted = wanted.where(OutcomeRow.until < known_before)
        for row in session.exec(wanted.order_by(col(OutcomeRow.until), OutcomeRow.span)):
            found[row.episode_id].append(TradeOutcome.model_validate(row.body))
    return tuple(
        Judged(episode=Episode.model_validate(row.body), outcomes=tuple(found.get(row.id, ()))) for row in rows
    )
