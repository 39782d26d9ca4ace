"""Backtests for tests: short spans of the recorded years, each in a folder of its own."""

from datetime import date

import pytest

from evals.replay.approvers import Steady
from tests.graph.conftest import demo_mandate
from workers.backtest import Wish, run_backtest
from workers.settings import Settings

FIRST, LAST = date(2008, 7, 1), date(2008, 7, 15)
ALWAYS = Steady(name="always", said="approve")
NEVER = Steady(name="never", said="reject")


@pytest.fixture
def backtest(tmp_path):
    """Replay ten sessions of September 2008, in a folder called `name`."""

    def run(name="one", approver=ALWAYS, first=FIRST, last=LAST, mandate=None, told=lambda *_: None, **options):
        wished = {name: options.pop(name, False) for name in ("blind", "memory")}
        wish = Wish(mandate=mandate or demo_mandate(), first=first, last=last, **wished)
        settings = Settings(home=tmp_path / "home", cache=tmp_path / "cache")
        return run_backtest(settings, wish, approver, out=tmp_path / name, told=told, **options)

    return run
