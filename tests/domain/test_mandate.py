from pathlib import Path

import pytest

from domain.errors import BadMandate
from domain.mandate import parse_mandate

DEMO = Path(__file__).parents[2].joinpath("portfolios", "demo.toml").read_text(encoding="utf-8")


def test_the_demo_mandate_is_valid_and_tightens_nothing():
    mandate = parse_mandate(DEMO, "demo.toml")

    assert len(mandate.universe) == 20
    assert mandate.limits == {}
    assert mandate.sector("JPM") == "financials"
    assert mandate.sector("NOPE") == "unknown"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('style = "trend"', 'style = "hope"', "style"),
        ("shortlist = 5", "shortlist = 0", "shortlist"),
        ("shortlist = 5", "shortlst = 5", "unknown key 'shortlst'"),
        ("starting_cash = 100_000", "starting_cash = nan", "starting_cash"),
        ("starting_cash = 100_000", "starting_cash = inf", "starting_cash"),
        ("starting_cash = 100_000", "starting_cash = 1e18", "starting_cash"),
        ("starting_cash = 100_000", "", "'starting_cash' is missing"),
        ('watch = ["AAPL", "MSFT"]', 'watch = ["TSLA"]', "TSLA"),
        ('name = "demo"', 'name = "De mo"', "name"),
        ("start = 2017-05-26", 'start = "soon"', "start"),
        ('sector = "technology"', 'sectr = "technology"', "sectr"),
        ("[universe]", "[universe", "not valid TOML"),
    ],
)
def test_a_wrong_mandate_names_file_key_and_remedy(old, new, said):
    assert old in DEMO

    with pytest.raises(BadMandate, match=said) as caught:
        parse_mandate(DEMO.replace(old, new), "mine.toml")

    assert caught.value.message.startswith("mine.toml: ")
    assert caught.value.remedy


def test_an_empty_file_says_what_is_missing():
    with pytest.raises(BadMandate, match="missing"):
        parse_mandate("", "empty.toml")
