"""What is seen from outside: events with their ids, figures at /metrics, no traffic to a tracing service by default."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest
import structlog
from langsmith.utils import tracing_is_enabled
from pydantic import SecretStr

from domain.errors import OperatorNeeded
from domain.jobs import Job
from tests.standins.redis import free_port
from workers.carry import Outcome, carry_out
from workers.desks import Desks
from workers.fleet_checks import fleet_checks
from workers.logs import log_to
from workers.metrics import serve_metrics
from workers.settings import Settings
from workers.tracing import span

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def desks(tmp_path, monkeypatch):
    monkeypatch.setenv("PM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PM_PORTFOLIOS", "demo")
    with Desks(Settings(_env_file=None)) as made:
        yield made


def scraped(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_metrics_tell_runs_verdicts_orders_and_what_somebody_should_look_at(desks):
    assert carry_out(desks, "run_slot", "demo", "2017-05-26") is Outcome.DONE
    assert carry_out(desks, "reconcile", "demo") is Outcome.DONE
    desks.ledger.seen("serve here", "serve", NOW)
    port = free_port()
    end = serve_metrics(port, lambda: desks.ledger.figures(NOW))
    try:
        told = scraped(port)
    finally:
        end()

    for line in (
        'pm_runs_total{portfolio="demo",status="done"} 1.0',
        'pm_verdicts_total{decision="execute",portfolio="demo"} 2.0',
        'pm_unknown_outcomes{portfolio="demo"} 0.0',
        'pm_control_state{portfolio="demo",state="ACTIVE"} 1.0',
        'pm_process_silent_seconds{kind="serve",process="serve here"} 0.0',
        'pm_jobs_total{kind="run_slot",outcome="done"}',
        "pm_ledger_up 1.0",
    ):
        assert line in told, told


def test_a_scrape_while_the_ledger_is_away_says_so(desks):
    def away():
        raise ConnectionError("the database restarts")

    port = free_port()
    end = serve_metrics(port, away)
    try:
        assert "pm_ledger_up 0.0" in scraped(port)
    finally:
        end()


def test_every_event_of_a_job_names_job_portfolio_and_slot(desks, tmp_path):
    carry_out(desks, "run_slot", "demo", "2017-05-26")

    events = [json.loads(line) for line in (tmp_path / "home" / "events.log").read_text().splitlines()]
    filled = [event for event in events if event["event"] == "order_filled"]
    assert filled
    assert {(e["job"], e["portfolio"], e["slot"]) for e in filled} == {("run_slot", "demo", "2017-05-26")}


def test_containers_read_events_on_standard_output(tmp_path, capsys):
    log_to(tmp_path / "printed", stdout=True)
    structlog.get_logger().info("hello", portfolio="demo")

    said = json.loads(capsys.readouterr().out)
    assert (said["event"], said["portfolio"]) == ("hello", "demo")
    assert "hello" in (tmp_path / "printed" / "events.log").read_text()
    log_to(tmp_path / "elsewhere")


def test_nobody_traces_unless_asked(monkeypatch):
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    assert not tracing_is_enabled()
    with span("pm.test", portfolio="demo") as opened:
        assert opened is None


def test_the_doctor_names_dead_workers_parked_jobs_and_an_unreachable_redis(desks):
    settings = desks.settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    job = Job(portfolio="demo", name="2017-05-26.report", kind="report")
    for _ in range(2):
        desks.ledger.begin_job(job, NOW, 1)

    found = {}
    for part, look in fleet_checks(desks.ledger, "demo", settings):
        try:
            found[part] = look()
        except OperatorNeeded as error:
            found[part] = f"FAILED {error}"

    assert found["queues"].startswith("FAILED Redis does not answer")
    assert found["workers"].startswith("FAILED no worker was seen for 90 s")
    assert found["beat"].startswith("FAILED no beat was seen")
    assert found["jobs"].startswith("FAILED 1 parked: 2017-05-26.report")
    assert found["last runs"] == "none yet: `pm run` makes one"
    assert found["outbox"] == "nothing waits"
