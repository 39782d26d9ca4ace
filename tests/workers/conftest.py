"""The command line for tests: in this process, on a home of its own, with everything it prints."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from workers.cli.app import run

REPOSITORY = Path(__file__).parents[2]
DEMO_DAY = "2017-05-26"
PERSONAL = ("PM_ANALYST", "PM_BROKER", "PM_MARKET_DATA", "PM_PORTFOLIO", "OPENAI_API_KEY", "OPENAI_BASE_URL")


class Said(NamedTuple):
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))

    def refused(self, code: int = 1) -> str:
        """Check that this is one clear refusal with a remedy, and give its text."""
        assert self.code == code, self.out + self.err
        assert self.out == ""
        first, *remedy = self.err.splitlines()
        assert first.startswith("pm: ")
        assert len(remedy) == 1, self.err
        assert remedy[0].startswith("    ")
        for leak in ("Traceback", "pm: unexpected", "pydantic", "errors.pydantic.dev", "ValidationError"):
            assert leak not in self.err
        return self.err


class Pm:
    """`pm` on one PM_HOME."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *argv: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setenv("PM_HOME", str(self.home))
            code = run(argv)
        return Said(code, out.getvalue(), err.getvalue())

    def json(self, *argv: str):
        said = self(*argv, "--json")
        assert said.code == 0, said.out + said.err
        assert said.err == ""
        return said.json

    def state(self):
        """Everything that must not move when a command is refused."""
        report = self("report", "--json")
        return self.json("positions"), self.json("orders"), self.json("pending"), report.out


@pytest.fixture(autouse=True)
def nobody_in_particular(monkeypatch):
    for name in PERSONAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PM_CACHE", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory):
    """A home after `pm run --as-of 2017-05-26`; copy it, never change it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    assert Pm(home)("run", "--as-of", DEMO_DAY, "--json").code == 0
    return home


@pytest.fixture
def fresh(tmp_path):
    """`pm` on a home that does not exist yet."""
    return Pm(tmp_path / "home")


@pytest.fixture
def home_at():
    """`pm` on the home at a path."""
    return Pm


@pytest.fixture
def demo(demo_home, tmp_path):
    """`pm` on a home where the demo session has run and one proposal waits."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    return Pm(home)


@pytest.fixture
def mandate(tmp_path):
    """Write the demo mandate to a file, with one text replaced by another."""

    def write(old: str = "", new: str = "", *, name: str = "mine") -> str:
        text = (REPOSITORY / "portfolios" / "demo.toml").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / f"{name}.toml"
        path.write_text(text.replace('"demo"', f'"{name}"', 1).replace(old, new, 1), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def proposals(tmp_path):
    """Write a file for `pm propose`: the owner's example, with fields changed."""

    def write(*changes: dict, text: str | None = None) -> str:
        path = tmp_path / "proposals.json"
        members = [{**OWNERS_EXAMPLE, **change} for change in changes or ({},)]
        path.write_text(json.dumps(members) if text is None else text, encoding="utf-8")
        return str(path)

    return write


OWNERS_EXAMPLE = {
    "symbol": "AAPL",
    "action": "BUY",
    "position_size_pct": 0.06,
    "reason": "Earnings momentum and improving margins",
    "confidence": 0.72,
    "risk_level": "medium",
    "expected_upside_pct": 4.5,
    "worst_case_loss_pct": 2.3,
    "time_horizon_days": 14,
}
