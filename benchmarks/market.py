"""What looking at the recorded market costs."""

from collections.abc import Callable, Iterator

from benchmarks.figure import Figure, timed
from domain.market import MarketSnapshot
from domain.scan import Style
from quant.scan import scan_market
from tests.graph.conftest import SESSION, demo_mandate
from tools.market_data._sp500 import load_sp500
from tools.market_data.recorded import RecordedFeed

TIMES = 15


def measure() -> Iterator[Figure]:
    feed, universe = RecordedFeed(), tuple(demo_mandate().universe)
    as_of = feed.opens(SESSION)

    def look() -> MarketSnapshot:
        return feed.snapshot(universe, SESSION, as_of)

    snapshot = look()
    yield _figure("reading the file, once a process", load_sp500.__wrapped__, times=3)
    yield _figure("snapshot: 20 symbols, 756 sessions", look)
    yield _figure("snapshot and its digest", lambda: look().digest)
    yield _figure("snapshot to JSON and back", lambda: MarketSnapshot.model_validate_json(snapshot.model_dump_json()))
    for style in Style:
        yield _figure(f"scan: {style.value}", lambda style=style: scan_market(snapshot, style, 5, {}))


def _figure(name: str, work: Callable[[], object], times: int = TIMES) -> Figure:
    return Figure(name, 1_000 * timed(work, times).wall, "ms")
