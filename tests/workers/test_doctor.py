"""`pm doctor` over real connections to stand-ins: what is there, what is missing, and never a secret."""

from datetime import timedelta

import pytest

from tests.standins.alpaca.rig import alpaca_here
from tests.standins.chat_server import ChatServer
from workers.doctor import examine


@pytest.fixture
def home(monkeypatch, tmp_path):
    for name, value in {
        "PM_HOME": str(tmp_path / "home"),
        "PM_CLOCK": "broker",
        "PM_BROKER": "alpaca",
        "PM_MARKET_DATA": "alpaca",
    }.items():
        monkeypatch.setenv(name, value)


def by_part(checks):
    return {check.part: check for check in checks}


def test_a_working_account_is_told_with_its_numbers_and_no_secret(monkeypatch, home):
    with alpaca_here(monkeypatch) as alpaca:
        monkeypatch.setenv("PM_NEWS", "alpaca")
        found = by_part(examine("demo"))

        told = "\n".join(check.model_dump_json() for check in found.values())
        assert all(check.ok for check in found.values()), told
        assert "PA3STANDIN" in found["alpaca account"].found
        assert "cash 100,000.00" in found["alpaca account"].found
        assert "+0.0 s from ours" in found["alpaca clock"].found
        assert "the same as Alpaca's" in found["exchange calendar"].found
        assert "requests left until" in found["alpaca limit"].found
        assert "20 symbols, all tradable" in found["alpaca symbols"].found
        assert "20 of 20 symbols, the oldest 1 s old" in found["quotes"].found
        assert "PM_EVENTS" in found["no event calendar"].remedy
        assert "no news" not in found
        assert not [name for name in ("ALPACA_API_KEY", "ALPACA_API_SECRET") if alpaca.environment[name] in told]


def test_what_is_wrong_is_said_with_what_to_do(monkeypatch, home):
    with alpaca_here(monkeypatch) as alpaca:
        alpaca.market.inactive.add("GE")
        alpaca.market.silent.update(alpaca.market.table.symbols)
        found = by_part(examine("demo"))

        assert (found["alpaca symbols"].ok, found["alpaca symbols"].found) == (False, "not tradable: GE")
        assert "0 of 20" in found["quotes"].found
        assert "PM_NEWS" in found["no news"].remedy


def test_a_missing_key_is_named_and_hides_nothing_else(monkeypatch, home):
    with alpaca_here(monkeypatch):
        monkeypatch.delenv("ALPACA_API_SECRET")
        monkeypatch.setenv("PM_CLOCK", "system")
        monkeypatch.setenv("PM_REDIS_URL", "redis://:hidden-word@127.0.0.1:1/0")
        found = by_part(examine("demo"))

        assert not found["wiring"].ok
        assert "ALPACA_API_SECRET is not set" in found["wiring"].found
        assert not found["redis"].ok
        assert "hidden-word" not in found["redis"].model_dump_json()


def test_keys_that_are_not_accepted_are_said_to_be(monkeypatch, home):
    with alpaca_here(monkeypatch):
        monkeypatch.setenv("ALPACA_API_SECRET", "another-word")
        monkeypatch.setenv("PM_CLOCK", "system")
        found = by_part(examine("demo"))

        assert "does not accept the keys" in found["wiring"].found
        assert "another-word" not in "".join(check.model_dump_json() for check in found.values())


def test_a_clock_that_is_wrong_is_noticed(monkeypatch):
    from tests.standins.alpaca.rig import clock_of
    from tools.alpaca_api import AlpacaSettings
    from tools.brokers.alpaca import AlpacaBroker
    from tools.clock import SystemClock
    from tools.exchange import Exchange

    with alpaca_here(monkeypatch) as alpaca:
        fast = SystemClock(Exchange().session_at, lambda: clock_of(alpaca).now() + timedelta(seconds=7))
        found = by_part(AlpacaBroker(AlpacaSettings.read(), fast).examine(("AAPL",)))

        assert not found["alpaca clock"].ok
        assert "-7.0 s" in found["alpaca clock"].found
        assert "NTP" in found["alpaca clock"].remedy


def test_a_rehearsal_with_a_real_address_is_refused(monkeypatch, home):
    from domain.errors import BadInput
    from workers.rehearsal import refuse_real_vendors
    from workers.settings import read_settings

    with alpaca_here(monkeypatch):
        refuse_real_vendors(read_settings())
        for name, value in (
            ("ALPACA_DATA_URL", "https://data.alpaca.markets"),
            ("TELEGRAM_BOT_TOKEN", "1:hidden-word"),
            ("DISCORD_WEBHOOK_URL", "https://discord.com/api/webhooks/1/hidden-word"),
        ):
            with monkeypatch.context() as changed:
                changed.setenv(name, value)
                with pytest.raises(BadInput, match="PM_CLOCK=broker") as refused:
                    refuse_real_vendors(read_settings())
                assert "hidden-word" not in str(refused.value)
        monkeypatch.setenv("PM_NEWS", "rss")
        with pytest.raises(BadInput, match="'rss'"):
            refuse_real_vendors(read_settings())


def test_a_model_server_is_asked_for_its_models(monkeypatch):
    from agent.analysts.openai import OpenAIAnalyst, OpenAISettings

    with ChatServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden-word")
        (unknown,) = OpenAIAnalyst(OpenAISettings.read()).examine()
        monkeypatch.setenv("PM_MODEL", "stand-in")
        (known,) = OpenAIAnalyst(OpenAISettings.read()).examine()

    assert (unknown.ok, "PM_MODEL" in unknown.remedy) == (False, True)
    assert (known.ok, "1 models, stand-in among them" in known.found) == (True, True)
    assert "hidden-word" not in known.found + unknown.found
