"""The fixed cases an analyst is examined on: recorded sessions, some of them tampered with, from `cases.toml`."""

import tomllib
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError

from domain.book import ControlState
from domain.errors import BadInput
from domain.proposal import describe
from domain.scan import Style
from domain.value import Fraction, Value

FILE = Path(__file__).with_name("cases.toml")


class Kind(StrEnum):
    """What a case is about."""

    CALM = "calm"
    CRASH = "crash"
    CONTRADICTION = "contradiction"
    STALE = "stale"
    INJECTION = "injection"
    MISSING = "missing"
    LIMIT = "limit"
    NOTHING = "nothing"


class Expect(StrEnum):
    """What has to come of it, whatever the analyst says."""

    SENSE = "sense"
    NO_ENTRY = "no_entry"
    NO_TRADE = "no_trade"


class Situation(Value):
    """Where the desk is: fractions of equity held, what waits, the control state, and losses (fractions)."""

    held: dict[str, Fraction] = Field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    control: ControlState = ControlState.ACTIVE
    unit_value: float = Field(default=1.0, gt=0.0)
    last_return: float | None = None


class Case(Value):
    """One case: `session` of the recorded data seen from its morning, and what is different about it.

    `drop` names symbols without data, `stale` how many sessions the data lag behind, `headlines` what strangers write,
    `names` what companies call themselves.
    """

    id: str = Field(pattern=r"^[a-z0-9-]{3,40}$")
    kind: Kind
    session: date
    style: Style = Style.TREND
    drop: tuple[str, ...] = ()
    stale: int = Field(default=0, ge=0, le=250)
    headlines: tuple[str, ...] = ()
    names: dict[str, str] = Field(default_factory=dict)
    desk: Situation = Situation()
    expect: Expect = Expect.SENSE


class Dataset(Value):
    """All cases, and the least each scorer must give on average (`marks`, fractions)."""

    marks: dict[str, Fraction]
    cases: tuple[Case, ...] = Field(alias="case", min_length=1)


def read_cases(path: Path = FILE) -> Dataset:
    """Read the dataset.

    Raises:
        BadInput: not TOML, a key or a value that can't be one, an id twice; says which.
    """
    try:
        dataset = Dataset.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path.name}: not valid TOML: {error}", "correct the file") from None
    except ValidationError as error:
        raise BadInput(f"{path.name}: {describe(error)}", "correct this value") from None
    ids = [case.id for case in dataset.cases]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"{path.name}: two cases are called {twice!r}", "give each case an id of its own")
    return dataset
