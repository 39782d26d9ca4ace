"""Calibrations: one map for each origin, replaced as outcomes come in, each change audited."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import Text, bindparam, cast, select
from sqlmodel import Session

from domain.calibration import Calibration
from domain.proposal import Origin
from memory.ledger.part import Part
from memory.ledger.prepared import Prepared
from memory.ledger.sql import run, table_of, upsert
from memory.ledger.tables import CalibrationRow

MAPS = table_of(CalibrationRow)
CALIBRATIONS = Prepared(
    select(MAPS.c.origin, cast(MAPS.c.body, Text).label("body"))
    .where(MAPS.c.portfolio == bindparam("whose"))
    .order_by(MAPS.c.origin)
)


class CalibrationPart(Part):
    """Implements `domain.calibration.CalibrationStore`."""

    def set_calibration(self, portfolio: str, origin: Origin, calibration: Calibration, at: datetime) -> None:
        """Judge by this map from the next book on; the same map again changes nothing."""
        with self._database.write(portfolio) as db:
            if read_calibrations(db, portfolio).get(origin) == calibration:
                return
            upsert(
                db,
                CalibrationRow(portfolio=portfolio, origin=origin, body=calibration.model_dump(mode="json"), at=at),
            )
            detail = {"outcomes": calibration.outcomes, "points": len(calibration.points)}
            self._note(db, portfolio, "calibration_changed", origin.value, detail)


def read_calibrations(db: Session, portfolio: str) -> dict[Origin, Calibration]:
    """Read the maps of a portfolio, by origin."""
    rows = run(db, CALIBRATIONS, whose=portfolio)
    return {row.origin: _calibration(row.body) for row in rows}


@lru_cache(maxsize=64)
def _calibration(text: str) -> Calibration:
    return Calibration.model_validate_json(text)
