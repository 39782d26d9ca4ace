"""Wire an examination: recorded data, the mandate's universe, the shipped policy, and the analyst that is asked for."""

from pathlib import Path

from agent.analysts import ANALYSTS
from agent.budget import Budget
from evals.braintrust_settings import BraintrustSettings
from evals.cases import FILE, read_cases
from evals.examination import Examiner
from evals.experiment import Report, Told, run_experiment
from risk_engine.engine import Engine
from tools.market_data.recorded import RecordedFeed
from workers.mandates import read_mandate
from workers.settings import read_settings
from workers.wiring import code_version, load, read_policy


def evaluate(analyst: str, cases: Path | None, portfolio: str, told: Told = lambda *_: None) -> Report:
    """Examine the analyst called `analyst` (empty: PM_ANALYST) on a dataset; nothing of the portfolio is touched.

    Raises:
        DeskError: settings, mandate, dataset or analyst are not what they must be.
    """
    settings = read_settings()
    mandate = read_mandate(portfolio or settings.portfolio)
    name = analyst or settings.analyst
    engine = Engine(load(read_policy(mandate, recorded=True)), mandate, code_version())
    examined = ANALYSTS[name].connect(settings.cache_path, Budget())
    return run_experiment(
        Examiner(examined, RecordedFeed(), mandate, engine), read_cases(cases or FILE), name, BraintrustSettings(), told
    )
