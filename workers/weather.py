"""What the last run saw of the market: volatility, VIX, macro events; it moves the rebalancing."""

from datetime import timedelta

from domain.mandate import Mandate
from domain.rebalancing import Rebalance, Weather
from domain.storage import Ledger

REMEMBERED = 512
_known: dict[tuple[str, str], Weather] = {}
MACRO = frozenset({"fomc", "cpi", "jobs"})


def weather_of(ledger: Ledger, mandate: Mandate) -> Weather:
    """Read it from the newest run's stored inputs; nothing known where there is none, or nobody rebalances."""
    if mandate.schedule.rebalance is Rebalance.NEVER:
        return Weather()
    newest = next((run for run in ledger.runs(mandate.name, limit=3) if run.snapshot_digest and run.scan_digest), None)
    if newest is None or newest.snapshot_digest is None or newest.scan_digest is None:
        return Weather()
    key = (newest.snapshot_digest, newest.scan_digest)
    if key not in _known:
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[key] = _read(ledger, *key)
    return _known[key]


def _read(ledger: Ledger, snapshot_digest: str, scan_digest: str) -> Weather:
    scan, snapshot = ledger.scan(scan_digest), ledger.snapshot(snapshot_digest)
    facts = {fact.id: fact.value for fact in scan.facts_of("MARKET")}
    calendar = snapshot.calendar.events if snapshot.calendar else ()
    near = (snapshot.as_of - timedelta(days=1), snapshot.as_of + timedelta(days=1))
    events = sorted({event.kind for event in calendar if event.kind in MACRO and near[0] <= event.at <= near[1]})
    return Weather(vix=snapshot.vix, volatility=facts.get("MARKET.volatility_20"), events=tuple(events))
